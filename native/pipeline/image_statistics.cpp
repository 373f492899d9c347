#include "pipeline/image_statistics.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/std.h>

#include <array>

#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

/// Shares of red, green and blue.
constexpr std::array<double, 3> kLuma = {0.299, 0.587, 0.114};

/// Less is the rounding in an image of one colour.
constexpr double kLeastContrast = 1e-5;

/// Operations with numbers instead of constant tensors, because a GPU's recorded work cannot upload those.
at::Tensor luma_of(const at::Tensor& input, Normalisation normalisation) {
  const auto [scale, shift] = pixel_scaling(normalisation);
  at::Tensor luma;
  double offset = 0;
  for (int64_t c = 0; c < 3; ++c) {
    const double weight = kLuma[c] / (255 * scale[c]);
    const at::Tensor channel = input.select(1, c).to(at::kFloat);
    luma = c == 0 ? channel * weight : luma.add_(channel, weight);
    offset -= weight * shift[c];
  }
  return luma.add_(offset);
}

/// The mean absolute difference of neighbours along a dimension.
at::Tensor mean_difference(const at::Tensor& luma, int64_t dimension) {
  const int64_t size = luma.size(dimension) - 1;
  const at::Tensor difference = luma.narrow(dimension, 1, size) - luma.narrow(dimension, 0, size);
  return at::linalg_vector_norm(difference, 1, {{1, 2}}) / (difference.size(1) * difference.size(2));
}

}  // namespace

at::Tensor image_statistics(const at::Tensor& input, Normalisation normalisation) {
  const at::Tensor luma = luma_of(input, normalisation);
  const at::Tensor contrast = at::std(luma, {{1, 2}}, /*unbiased=*/false);
  const at::Tensor difference = (mean_difference(luma, 1) + mean_difference(luma, 2)) / 2;
  const at::Tensor sharpness = (difference / contrast).masked_fill_(contrast < kLeastContrast, 0);
  return at::stack({luma.mean({1, 2}), contrast, sharpness}, 1);
}

}  // namespace reverse_distillation
