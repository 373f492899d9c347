#include "ops/cpu/map_kernels.h"

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

namespace {

/// Columns whose sums stay in registers during one run over the taps.
constexpr int64_t kBlock = 64;

/// output[x] = sum_i weights[i] source(i)[x] for `count` <= kBlock columns.
template <typename Source>
RD_INLINE void weigh_block(const Source& source, const float* weights, int64_t taps, int64_t count,
                           float* output) {
  float sums[kBlock] = {};
  if (count == kBlock) {
    for (int64_t i = 0; i < taps; ++i) {
      const float* row = source(i);
      const float weight = weights[i];
#pragma omp simd
      for (int64_t x = 0; x < kBlock; ++x) sums[x] += weight * row[x];
    }
  } else {
    for (int64_t i = 0; i < taps; ++i) {
      const float* row = source(i);
      for (int64_t x = 0; x < count; ++x) sums[x] += weights[i] * row[x];
    }
  }
  for (int64_t x = 0; x < count; ++x) output[x] = sums[x];
}

}  // namespace

RD_VECTORISED
void blend_rows(const float* lower, const float* upper, float weight, int64_t width, float* blended) {
#pragma omp simd
  for (int64_t x = 0; x < width; ++x) blended[x] = lower[x] + weight * (upper[x] - lower[x]);
}

RD_VECTORISED
void interpolate_row(const float* row, Columns columns, int64_t width, bool accumulate, float* output) {
  if (accumulate) {
#pragma omp simd
    for (int64_t x = 0; x < width; ++x) {
      const float lower = row[columns.lower[x]];
      output[x] += lower + columns.weight[x] * (row[columns.upper[x]] - lower);
    }
  } else {
#pragma omp simd
    for (int64_t x = 0; x < width; ++x) {
      const float lower = row[columns.lower[x]];
      output[x] = lower + columns.weight[x] * (row[columns.upper[x]] - lower);
    }
  }
}

RD_VECTORISED
void weigh_rows(const float* const* rows, const float* weights, int64_t taps, int64_t width, float* output) {
  for (int64_t first = 0; first < width; first += kBlock) {
    const int64_t count = width - first < kBlock ? width - first : kBlock;
    weigh_block([&](int64_t i) { return rows[i] + first; }, weights, taps, count, output + first);
  }
}

RD_VECTORISED
void convolve_row(const float* padded, const float* weights, int64_t taps, int64_t width, float* output) {
  for (int64_t first = 0; first < width; first += kBlock) {
    const int64_t count = width - first < kBlock ? width - first : kBlock;
    weigh_block([&](int64_t i) { return padded + first + i; }, weights, taps, count, output + first);
  }
}

}  // namespace reverse_distillation::cpu
