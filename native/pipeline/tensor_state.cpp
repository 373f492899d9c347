#include "pipeline/tensor_state.h"

#include <sstream>
#include <unordered_map>

#include "core/cancel_token.h"
#include "core/error.h"

namespace reverse_distillation {

namespace {

bool may_be_absent(const std::string& name) { return name.ends_with("num_batches_tracked"); }

/// Collects complaints and quotes the first few.
class Complaints {
 public:
  void add(const std::string& complaint) {
    if (++count_ <= 3) text_ << (count_ > 1 ? "; " : "") << complaint;
  }
  bool any() const { return count_ > 0; }
  std::string text() const {
    return count_ > 3 ? text_.str() + "; and " + std::to_string(count_ - 3) + " more" : text_.str();
  }

 private:
  int count_ = 0;
  std::ostringstream text_;
};

template <typename T>
std::string to_text(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

std::vector<NamedTensor> members(const torch::nn::Module& module) {
  std::vector<NamedTensor> all;
  for (const auto& item : module.named_parameters()) all.push_back({item.key(), item.value()});
  for (const auto& item : module.named_buffers()) all.push_back({item.key(), item.value()});
  return all;
}

std::vector<NamedTensor> tensor_state(const torch::nn::Module& module) {
  std::vector<NamedTensor> state = members(module);
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach().cpu().contiguous();
  return state;
}

void load_tensor_state(torch::nn::Module& module, const std::string& part,
                       const std::vector<NamedTensor>& state) {
  load_tensors(members(module), part, state);
}

void load_tensors(const std::vector<NamedTensor>& wanted, const std::string& part,
                  const std::vector<NamedTensor>& state) {
  std::unordered_map<std::string, at::Tensor> given;
  for (const NamedTensor& entry : state) given.emplace(entry.name, entry.tensor);

  Complaints complaints;
  for (const NamedTensor& entry : wanted) {
    const auto found = given.find(entry.name);
    if (found == given.end()) {
      if (!may_be_absent(entry.name)) complaints.add("\"" + entry.name + "\" is missing");
    } else if (found->second.sizes() != entry.tensor.sizes()) {
      complaints.add("\"" + entry.name + "\" has shape " + to_text(found->second.sizes()) + " instead of " +
                     to_text(entry.tensor.sizes()));
    }
  }
  std::unordered_map<std::string, at::Tensor> unknown = given;
  for (const NamedTensor& entry : wanted) unknown.erase(entry.name);
  for (const auto& [name, tensor] : unknown) complaints.add("\"" + name + "\" is not one of its tensors");
  if (complaints.any()) {
    throw Error(ErrorCode::kInvalidFile,
                "The given tensors do not match the " + part + ": " + complaints.text() + ".");
  }

  const torch::NoGradGuard no_grad;
  for (const NamedTensor& entry : wanted) {
    const auto found = given.find(entry.name);
    if (found == given.end()) continue;
    throw_if_cancelled();
    at::Tensor target = entry.tensor;
    target.copy_(found->second);
  }
}

}  // namespace reverse_distillation
