#include "pipeline/deep_resize.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace reverse_distillation {

namespace {

/// One new pixel along an axis: the weights of the old pixels from `first` on.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

/// A triangle around the centre of each new pixel, with the same bounds as in PIL.
std::vector<Taps> triangle_taps(int64_t size, int64_t new_size) {
  const double scale = static_cast<double>(size) / static_cast<double>(new_size);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(new_size));
  for (int64_t i = 0; i < new_size; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t end = std::min(size, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0.0;
    for (int64_t j = first; j < end; ++j) {
      weights.push_back(std::max(0.0, 1.0 - std::fabs((static_cast<double>(j) - centre + 0.5) / support)));
      sum += weights.back();
    }
    Taps& tap = taps[static_cast<size_t>(i)];
    tap.first = first;
    for (const double weight : weights) tap.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

}  // namespace

at::Tensor resize_deep(const PixelView& pixels, int64_t height, int64_t width) {
  const std::vector<Taps> rows = triangle_taps(pixels.height, height);
  const std::vector<Taps> columns = triangle_taps(pixels.width, width);
  const int64_t channels = pixels.channels;
  const auto values = static_cast<size_t>(pixels.width * channels);
  at::Tensor resized = at::empty({height, width, channels}, at::kFloat);
  float* const target = resized.data_ptr<float>();
  at::parallel_for(0, height, 1, [&](int64_t begin, int64_t end) {
    // Rows are summed first: this runs along memory, and leaves a single row for the columns.
    std::vector<float> sums(values);
    for (int64_t y = begin; y < end; ++y) {
      std::fill(sums.begin(), sums.end(), 0.0F);
      const Taps& row_taps = rows[static_cast<size_t>(y)];
      for (size_t j = 0; j < row_taps.weights.size(); ++j) {
        const int64_t source_row = row_taps.first + static_cast<int64_t>(j);
        const auto* const source =
            reinterpret_cast<const uint16_t*>(pixels.data + source_row * pixels.row_bytes());
        const float weight = row_taps.weights[j];
        for (size_t i = 0; i < values; ++i) sums[i] += weight * static_cast<float>(source[i]);
      }
      float* pixel = target + y * width * channels;
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

at::Tensor to_levels(const at::Tensor& values, double black, double white) {
  return ((values - black) * (255.0 / (white - black))).clamp_(0.0, 255.0);
}

}  // namespace reverse_distillation
