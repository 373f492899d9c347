#include "model/norm_kernels.h"

#include <algorithm>

namespace reverse_distillation::cpu {

namespace {

/// Channels whose sums stay in registers during one run over the rows.
constexpr int64_t kBlock = 64;

/// Rows summed in float32 before the sums are added to the float64 totals.
constexpr int64_t kStretch = 256;

/// Calls `add(row, c, first sum, second sum)` for every element, and accumulates both sums per channel.
template <typename Add>
RD_INLINE void sum_channels(int64_t rows, int64_t channels, double* first, double* second, const Add& add) {
  for (int64_t begin = 0; begin < rows; begin += kStretch) {
    const int64_t end = std::min(rows, begin + kStretch);
    for (int64_t c0 = 0; c0 < channels; c0 += kBlock) {
      float firsts[kBlock] = {};
      float seconds[kBlock] = {};
      const int64_t count = std::min(kBlock, channels - c0);
      if (count == kBlock) {
        for (int64_t row = begin; row < end; ++row) {
#pragma omp simd
          for (int64_t c = 0; c < kBlock; ++c) add(row, c0 + c, firsts[c], seconds[c]);
        }
      } else {
        for (int64_t row = begin; row < end; ++row) {
          for (int64_t c = 0; c < count; ++c) add(row, c0 + c, firsts[c], seconds[c]);
        }
      }
      for (int64_t c = 0; c < count; ++c) {
        first[c0 + c] += static_cast<double>(firsts[c]);
        second[c0 + c] += static_cast<double>(seconds[c]);
      }
    }
  }
}

template <typename T>
RD_INLINE void sums(const T* x, const float* shift, int64_t rows, int64_t channels, double* sum,
                    double* squares) {
  sum_channels(rows, channels, sum, squares, [=](int64_t row, int64_t c, float& one, float& two) {
    const float centred = load(x[row * channels + c]) - shift[c];
    one += centred;
    two += centred * centred;
  });
}

template <bool kResidual, bool kRelu, typename T>
RD_INLINE void apply(const T* x, NormValue by, const T* residual, int64_t rows, int64_t channels, T* y) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = row * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      float value = by.scale[c] * (load(x[at + c]) - by.mean[c]) + by.bias[c];
      if (kResidual) value += load(residual[at + c]);
      if (kRelu) value = value < 0.0F ? 0.0F : value;  // A NaN stays NaN.
      store(y + at + c, value);
    }
  }
}

template <typename T>
RD_INLINE void apply_any(const T* x, NormValue by, const T* residual, bool relu, int64_t rows,
                         int64_t channels, T* y) {
  if (residual && relu) return apply<true, true>(x, by, residual, rows, channels, y);
  if (residual) return apply<true, false>(x, by, residual, rows, channels, y);
  if (relu) return apply<false, true>(x, by, residual, rows, channels, y);
  return apply<false, false>(x, by, residual, rows, channels, y);
}

/// g at one element.
template <bool kRelu, typename T>
RD_INLINE float flowing(const T* gradient, const T* y, int64_t at) {
  const float value = load(gradient[at]);
  if (!kRelu) return value;
  return load(y[at]) > 0.0F ? value : 0.0F;
}

template <bool kRelu, typename T>
RD_INLINE void gradient_sums(const T* gradient, const T* y, const T* x, const float* mean, int64_t rows,
                             int64_t channels, double* sum, double* products) {
  sum_channels(rows, channels, sum, products, [=](int64_t row, int64_t c, float& one, float& two) {
    const int64_t at = row * channels + c;
    const float g = flowing<kRelu>(gradient, y, at);
    one += g;
    two += g * (load(x[at]) - mean[c]);
  });
}

template <bool kRelu, bool kPass, typename T>
RD_INLINE void gradient_apply(const T* gradient, const T* y, const T* x, NormGradient by, int64_t rows,
                              int64_t channels, T* dx, T* passed) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t first = row * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = first + c;
      const float g = flowing<kRelu>(gradient, y, at);
      store(dx + at, by.by_gradient[c] * g + (by.by_x[c] * (load(x[at]) - by.mean[c]) + by.offset[c]));
      if (kPass) store(passed + at, g);
    }
  }
}

template <typename T>
RD_INLINE void gradient_apply_any(const T* gradient, const T* y, const T* x, NormGradient by, int64_t rows,
                                  int64_t channels, T* dx, T* passed) {
  if (y && passed) return gradient_apply<true, true>(gradient, y, x, by, rows, channels, dx, passed);
  if (y) return gradient_apply<true, false>(gradient, y, x, by, rows, channels, dx, passed);
  if (passed) return gradient_apply<false, true>(gradient, y, x, by, rows, channels, dx, passed);
  return gradient_apply<false, false>(gradient, y, x, by, rows, channels, dx, passed);
}

}  // namespace

// One definition per dtype: GCC clones functions, but not templates, for several instruction sets.

RD_VECTORISED
void norm_sums(const float* x, const float* shift, int64_t rows, int64_t channels, double* sum,
               double* squares) {
  sums(x, shift, rows, channels, sum, squares);
}

RD_VECTORISED
void norm_sums(const BFloat16* x, const float* shift, int64_t rows, int64_t channels, double* sum,
               double* squares) {
  sums(x, shift, rows, channels, sum, squares);
}

RD_VECTORISED
void norm_apply(const float* x, NormValue by, const float* residual, bool relu, int64_t rows,
                int64_t channels, float* y) {
  apply_any(x, by, residual, relu, rows, channels, y);
}

RD_VECTORISED
void norm_apply(const BFloat16* x, NormValue by, const BFloat16* residual, bool relu, int64_t rows,
                int64_t channels, BFloat16* y) {
  apply_any(x, by, residual, relu, rows, channels, y);
}

RD_VECTORISED
void norm_gradient_sums(const float* gradient, const float* y, const float* x, const float* mean,
                        int64_t rows, int64_t channels, double* sum, double* products) {
  if (y) return gradient_sums<true>(gradient, y, x, mean, rows, channels, sum, products);
  gradient_sums<false>(gradient, y, x, mean, rows, channels, sum, products);
}

RD_VECTORISED
void norm_gradient_sums(const BFloat16* gradient, const BFloat16* y, const BFloat16* x, const float* mean,
                        int64_t rows, int64_t channels, double* sum, double* products) {
  if (y) return gradient_sums<true>(gradient, y, x, mean, rows, channels, sum, products);
  gradient_sums<false>(gradient, y, x, mean, rows, channels, sum, products);
}

RD_VECTORISED
void norm_gradient_apply(const float* gradient, const float* y, const float* x, NormGradient by, int64_t rows,
                         int64_t channels, float* dx, float* passed) {
  gradient_apply_any(gradient, y, x, by, rows, channels, dx, passed);
}

RD_VECTORISED
void norm_gradient_apply(const BFloat16* gradient, const BFloat16* y, const BFloat16* x, NormGradient by,
                         int64_t rows, int64_t channels, BFloat16* dx, BFloat16* passed) {
  gradient_apply_any(gradient, y, x, by, rows, channels, dx, passed);
}

}  // namespace reverse_distillation::cpu
