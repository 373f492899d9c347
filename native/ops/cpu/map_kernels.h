#pragma once

// The loops of `upsample_sum` and `gaussian_blur` over plain pointers, one output row per call.

#include <cstdint>

namespace reverse_distillation::cpu {

/// For each column of an output row, the two input columns around it and their weight.
struct Columns {
  const int32_t* lower;  ///< [width]
  const int32_t* upper;  ///< [width]
  const float* weight;   ///< [width], the weight of `upper`
};

/// Blends two rows: blended = (1 - weight) lower + weight upper, over `width` columns.
void blend_rows(const float* lower, const float* upper, float weight, int64_t width, float* blended);

/// output[x] (+)= row interpolated at the columns, over `width` columns; `accumulate` adds to the present
/// values.
void interpolate_row(const float* row, Columns columns, int64_t width, bool accumulate, float* output);

/// output[x] = sum_i weights[i] rows[i][x], i < taps: the vertical pass of one row.
void weigh_rows(const float* const* rows, const float* weights, int64_t taps, int64_t width, float* output);

/// output[x] = sum_i weights[i] padded[x + i], i < taps: the horizontal pass. padded: [width + taps - 1].
void convolve_row(const float* padded, const float* weights, int64_t taps, int64_t width, float* output);

}  // namespace reverse_distillation::cpu
