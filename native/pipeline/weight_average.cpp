#include "pipeline/weight_average.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>

#include <algorithm>

namespace reverse_distillation {

namespace {

constexpr double kMostKept = 0.98;

}  // namespace

WeightAverage::WeightAverage(const std::vector<NamedTensor>& members) {
  for (const auto& [name, tensor] : members) {
    if (!tensor.is_floating_point()) continue;
    model_.push_back(tensor.detach());
    others_.push_back({name, tensor.detach().clone()});
  }
}

void WeightAverage::update(int64_t step) {
  const at::NoGradGuard no_grad;
  const auto t = static_cast<double>(step);
  std::vector<at::Tensor> averages;
  for (const NamedTensor& other : others_) averages.push_back(other.tensor);
  at::_foreach_lerp_(averages, model_, 1.0 - std::min(kMostKept, t / (t + 10.0)));
}

void WeightAverage::exchange() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < model_.size(); ++i) {
    const at::Tensor kept = model_[i].clone();
    model_[i].copy_(others_[i].tensor);
    others_[i].tensor.copy_(kept);
  }
}

}  // namespace reverse_distillation
