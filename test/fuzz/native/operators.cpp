#include <ATen/ATen.h>

#include <cstdlib>
#include <vector>

#include "ops/ops.h"
#include "target.h"

namespace reverse_distillation::fuzz {

namespace {

constexpr at::ScalarType kTypes[] = {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble,
                                     at::kByte,  at::kLong,     at::kBool, at::kComplexFloat};

/// Mostly float32, which gets further.
at::ScalarType any_type(FuzzedDataProvider& input) {
  return input.ConsumeBool() ? at::kFloat : input.PickValueInArray(kTypes);
}

/// A tensor of any type, layout and values, NaN and infinity among them.
at::Tensor any_tensor(FuzzedDataProvider& input, size_t dimensions, at::IntArrayRef like) {
  std::vector<int64_t> shape(like.begin(), like.end());
  if (shape.empty() || input.ConsumeIntegralInRange(0, 7) == 0) {
    shape.clear();
    if (input.ConsumeIntegralInRange(0, 15) == 0) dimensions = input.ConsumeIntegralInRange<size_t>(0, 5);
    for (size_t i = 0; i < dimensions; ++i) shape.push_back(input.ConsumeIntegralInRange<int64_t>(0, 12));
  }
  // Memory of its own that ends with the last element.
  at::Tensor tensor = at::zeros(shape, any_type(input));
  const auto bytes = input.ConsumeBytes<uint8_t>(std::min<size_t>(tensor.nbytes(), 64));
  if (tensor.scalar_type() != at::kBool)
    std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(tensor.data_ptr()));
  switch (input.ConsumeIntegralInRange(0, 5)) {
    case 0:
      return tensor.dim() > 1 ? tensor.transpose(0, tensor.dim() - 1) : tensor;
    case 1:
      return tensor.dim() == 4 ? tensor.contiguous(at::MemoryFormat::ChannelsLast) : tensor;
    case 2:
      return tensor.dim() > 0 && tensor.size(0) == 1 ? tensor.expand_as(at::empty(shape)) : tensor;
    case 3:
      return tensor.dim() > 0 && tensor.size(-1) > 1 ? tensor.slice(-1, 1) : tensor;
    default:
      return tensor;
  }
}

std::vector<at::Tensor> any_list(FuzzedDataProvider& input, size_t dimensions,
                                 const std::vector<at::Tensor>& like = {}) {
  std::vector<at::Tensor> list;
  const auto count = like.empty() || input.ConsumeIntegralInRange(0, 7) == 0
                         ? input.ConsumeIntegralInRange<size_t>(0, 5)
                         : like.size();
  for (size_t i = 0; i < count; ++i) {
    const at::IntArrayRef shape = i < like.size()                        ? like[i].sizes()
                                  : !list.empty() && input.ConsumeBool() ? list[0].sizes()
                                                                         : at::IntArrayRef();
    list.push_back(any_tensor(input, dimensions, shape));
  }
  return list;
}

/// A length: small if it is positive, since memory of its size will be asked for.
int64_t any_size(FuzzedDataProvider& input) {
  const auto size = input.ConsumeIntegral<int64_t>();
  return size > 0 ? size % 90 : size;
}

void require(bool condition) {
  if (!condition) std::abort();
}

/// Reading every element shows whether the memory is there.
void require_maps(const at::Tensor& maps, int64_t count, int64_t height, int64_t width) {
  require((maps.sizes() == at::IntArrayRef({count, height, width})) && maps.scalar_type() == at::kFloat);
  require(maps.sum().numel() == 1);
}

const Registration cosine("cosine", [](FuzzedDataProvider& input) {
  const std::vector<at::Tensor> teacher = any_list(input, 4);
  const std::vector<at::Tensor> student = any_list(input, 4, teacher);
  const std::vector<at::Tensor> maps = cosine_map(teacher, student);
  require(maps.size() == teacher.size());
  for (size_t k = 0; k < maps.size(); ++k) {
    require_maps(maps[k], teacher[k].size(0), teacher[k].size(2), teacher[k].size(3));
  }
  const std::vector<at::Tensor> gradients = cosine_map_backward(any_list(input, 3, maps), teacher, student);
  for (size_t k = 0; k < maps.size(); ++k) require(gradients.at(k).sizes() == student[k].sizes());
});

const Registration losses("losses", [](FuzzedDataProvider& input) {
  const bool global = input.ConsumeBool();
  const std::vector<at::Tensor> teacher = any_list(input, 4);
  const std::vector<at::Tensor> student = any_list(input, 4, teacher);
  const LossAndGradients loss = global ? global_loss(teacher, student) : location_loss(teacher, student);
  require(loss.loss.dim() == 0 && loss.loss.scalar_type() == at::kFloat);
  for (size_t k = 0; k < student.size(); ++k) require(loss.gradients.at(k).sizes() == student[k].sizes());
});

const Registration maps("maps", [](FuzzedDataProvider& input) {
  const int64_t height = any_size(input);
  const int64_t width = any_size(input);
  const auto sigma = input.ConsumeBool() ? input.ConsumeFloatingPointInRange<double>(0.0, 20.0)
                                         : input.ConsumeFloatingPoint<double>();
  const bool multiply = input.ConsumeBool();
  const std::vector<at::Tensor> given = any_list(input, 3);
  const auto [smoothed, scores] = smooth_maps(given, height, width, sigma, multiply);
  require_maps(smoothed, given.at(0).size(0), height, width);
  require((scores.sizes() == at::IntArrayRef({given[0].size(0)})));
});

const Registration upsample("upsample", [](FuzzedDataProvider& input) {
  const int64_t height = any_size(input);
  const int64_t width = any_size(input);
  const bool multiply = input.ConsumeBool();
  const std::vector<at::Tensor> given = any_list(input, 3);
  const at::Tensor made =
      multiply ? upsample_product(given, height, width) : upsample_sum(given, height, width);
  require_maps(made, given.at(0).size(0), height, width);
});

const Registration blur("blur", [](FuzzedDataProvider& input) {
  const auto sigma = input.ConsumeBool() ? input.ConsumeFloatingPointInRange<double>(0.0, 20.0)
                                         : input.ConsumeFloatingPoint<double>();
  const at::Tensor given = any_tensor(input, 3, {});
  require(gaussian_blur(given, sigma).sizes() == given.sizes());
});

}  // namespace

}  // namespace reverse_distillation::fuzz
