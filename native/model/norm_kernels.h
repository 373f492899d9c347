#pragma once

// Loops of `normalised_activation` over plain pointers: x, y, residual and gradients are [rows, channels].

#include <cstdint>

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

/// sums[c] += sum over rows of x - shift[c], squares[c] += sum of its square. shift: a value near the mean,
/// so that the squares keep their digits.
void norm_sums(const float* x, const float* shift, int64_t rows, int64_t channels, double* sums,
               double* squares);
void norm_sums(const BFloat16* x, const float* shift, int64_t rows, int64_t channels, double* sums,
               double* squares);

/// The forward pass per channel: y = scale (x - mean) + bias.
struct NormValue {
  const float* mean;
  const float* scale;
  const float* bias;
};

/// y (+ residual), clamped at 0 if `relu`. residual: may be null.
void norm_apply(const float* x, NormValue by, const float* residual, bool relu, int64_t rows,
                int64_t channels, float* y);
void norm_apply(const BFloat16* x, NormValue by, const BFloat16* residual, bool relu, int64_t rows,
                int64_t channels, BFloat16* y);

/// The gradient behind the ReLU: g = gradient, or 0 where y, if not null, is not above 0. sums[c] += sum over
/// rows of g, products[c] += sum of g (x - mean[c]).
void norm_gradient_sums(const float* gradient, const float* y, const float* x, const float* mean,
                        int64_t rows, int64_t channels, double* sums, double* products);
void norm_gradient_sums(const BFloat16* gradient, const BFloat16* y, const BFloat16* x, const float* mean,
                        int64_t rows, int64_t channels, double* sums, double* products);

/// The backward pass per channel: dx = by_gradient g + by_x (x - mean) + offset.
struct NormGradient {
  const float* by_gradient;
  const float* by_x;
  const float* mean;
  const float* offset;
};

/// Writes dx, and g itself to `passed`, which may be null.
void norm_gradient_apply(const float* gradient, const float* y, const float* x, NormGradient by, int64_t rows,
                         int64_t channels, float* dx, float* passed);
void norm_gradient_apply(const BFloat16* gradient, const BFloat16* y, const BFloat16* x, NormGradient by,
                         int64_t rows, int64_t channels, BFloat16* dx, BFloat16* passed);

}  // namespace reverse_distillation::cpu
