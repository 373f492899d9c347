#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace reverse_distillation {

/// One new pixel along an axis: the weights of the old pixels from `first` on.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

/// A triangle around the centre of each new pixel, with the same bounds as in PIL: as wide as the new pixel
/// where the image shrinks, as the old one where it grows.
std::vector<Taps> triangle_taps(int64_t size, int64_t new_size);

/// Resizes values of any type by the triangle filter, without rounding.
///
/// row: returns the values of a row by its number: width x channels of them, interleaved.
/// Returns float32 [new_height, new_width, channels].
template <typename RowOf>
at::Tensor resize_by_triangle(const RowOf& row, int64_t height, int64_t width, int64_t channels,
                              int64_t new_height, int64_t new_width) {
  const std::vector<Taps> rows = triangle_taps(height, new_height);
  const std::vector<Taps> columns = triangle_taps(width, new_width);
  const auto values = static_cast<size_t>(width * channels);
  at::Tensor resized = at::empty({new_height, new_width, channels}, at::kFloat);
  float* const target = resized.data_ptr<float>();
  at::parallel_for(0, new_height, 1, [&](int64_t begin, int64_t end) {
    // Rows are summed first: this runs along memory, and leaves a single row for the columns.
    std::vector<float> sums(values);
    for (int64_t y = begin; y < end; ++y) {
      std::fill(sums.begin(), sums.end(), 0.0F);
      const Taps& row_taps = rows[static_cast<size_t>(y)];
      for (size_t j = 0; j < row_taps.weights.size(); ++j) {
        const auto* const source = row(row_taps.first + static_cast<int64_t>(j));
        const float weight = row_taps.weights[j];
        for (size_t i = 0; i < values; ++i) sums[i] += weight * static_cast<float>(source[i]);
      }
      float* pixel = target + y * new_width * channels;
      for (const Taps& taps : columns) {
        const float* const source = sums.data() + taps.first * channels;
        for (int64_t c = 0; c < channels; ++c) {
          float sum = 0.0F;
          for (size_t j = 0; j < taps.weights.size(); ++j) {
            sum += taps.weights[j] * source[static_cast<int64_t>(j) * channels + c];
          }
          *pixel++ = sum;
        }
      }
    }
  });
  return resized;
}

}  // namespace reverse_distillation
