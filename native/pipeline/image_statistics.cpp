#include "pipeline/image_statistics.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/std.h>

#include <array>

#include "ops/ops.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

/// Shares of red, green and blue.
constexpr std::array<double, 3> kLuma = {0.299, 0.587, 0.114};

/// Less is the rounding in an image of one colour.
constexpr double kLeastContrast = 1e-5;

/// Luma from normalised channels: offset + sum_c weights[c] * channel c.
struct LumaFormula {
  std::array<double, 3> weights;
  double offset = 0;

  explicit LumaFormula(Normalisation normalisation) {
    const auto [scale, shift] = pixel_scaling(normalisation);
    for (size_t c = 0; c < 3; ++c) {
      weights[c] = kLuma[c] / (255 * scale[c]);
      offset -= weights[c] * shift[c];
    }
  }
};

/// Operations with numbers instead of constant tensors, because a GPU's recorded work cannot upload those.
at::Tensor luma_of(const at::Tensor& input, const LumaFormula& formula) {
  at::Tensor luma;
  for (int64_t c = 0; c < 3; ++c) {
    const double weight = formula.weights[static_cast<size_t>(c)];
    const at::Tensor channel = input.select(1, c).to(at::kFloat);
    luma = c == 0 ? channel * weight : luma.add_(channel, weight);
  }
  return luma.add_(formula.offset);
}

/// The mean absolute difference of neighbours along a dimension.
at::Tensor mean_difference(const at::Tensor& luma, int64_t dimension) {
  const int64_t size = luma.size(dimension) - 1;
  const at::Tensor difference = luma.narrow(dimension, 1, size) - luma.narrow(dimension, 0, size);
  return at::linalg_vector_norm(difference, 1, {{1, 2}}) / (difference.size(1) * difference.size(2));
}

/// The mean over the pixels that count. 0 if there are none.
at::Tensor weighted_mean(const at::Tensor& values, const at::Tensor& weights) {
  return (values * weights).sum({1, 2}) / weights.sum({1, 2}).clamp_min_(1);
}

/// As `mean_difference`, of neighbours that both count.
at::Tensor mean_difference_inside(const at::Tensor& luma, const at::Tensor& weights, int64_t dimension) {
  const int64_t size = luma.size(dimension) - 1;
  const auto first = [&](const at::Tensor& of) { return of.narrow(dimension, 0, size); };
  const auto second = [&](const at::Tensor& of) { return of.narrow(dimension, 1, size); };
  return weighted_mean((second(luma) - first(luma)).abs_(), first(weights) * second(weights));
}

at::Tensor with_sharpness(const at::Tensor& mean, const at::Tensor& contrast, const at::Tensor& difference) {
  const at::Tensor sharpness = (difference / contrast).masked_fill_(contrast < kLeastContrast, 0);
  return at::stack({mean, contrast, sharpness}, 1);
}

at::Tensor statistics_inside(const at::Tensor& luma, const at::Tensor& masks) {
  const at::Tensor weights = masks.ne(0).to(at::kFloat);
  const at::Tensor mean = weighted_mean(luma, weights);
  const at::Tensor squares = (luma - mean.view({-1, 1, 1})).square_();
  const at::Tensor difference =
      (mean_difference_inside(luma, weights, 1) + mean_difference_inside(luma, weights, 2)) / 2;
  return with_sharpness(mean, weighted_mean(squares, weights).sqrt_(), difference);
}

}  // namespace

at::Tensor image_statistics(const at::Tensor& input, Normalisation normalisation, const at::Tensor& masks) {
  const LumaFormula formula(normalisation);
  if (input.is_cuda() && !masks.defined()) {
    return luma_statistics(input, formula.weights, formula.offset, kLeastContrast);
  }
  const at::Tensor luma = luma_of(input, formula);
  if (masks.defined()) return statistics_inside(luma, masks);
  const at::Tensor contrast = at::std(luma, {{1, 2}}, /*unbiased=*/false);
  const at::Tensor difference = (mean_difference(luma, 1) + mean_difference(luma, 2)) / 2;
  return with_sharpness(luma.mean({1, 2}), contrast, difference);
}

}  // namespace reverse_distillation
