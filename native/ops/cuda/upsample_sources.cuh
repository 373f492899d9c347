#pragma once

// Maps of several sizes, read at the positions of one output size: bilinear, aligned corners.

#include <climits>
#include <span>

#include "ops/cuda/execution.cuh"
#include "ops/cuda/upsample_sum.h"
#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

struct UpsampleSources {
  const float* maps[kMaxMaps];
  int heights[kMaxMaps];
  int widths[kMaxMaps];
  float row_scales[kMaxMaps];
  float column_scales[kMaxMaps];
  int count;
};

/// Map number `k` of an image at output position (y, x).
__device__ __forceinline__ float upsampled_at(const UpsampleSources& sources, int k, int64_t image, int y,
                                              int x) {
  const int width = sources.widths[k];
  const Interpolation down = interpolate_aligned(y, sources.row_scales[k], sources.heights[k]);
  const Interpolation across = interpolate_aligned(x, sources.column_scales[k], width);
  const float* const map = sources.maps[k] + image * sources.heights[k] * width;
  const float* const upper = map + down.lower * width;
  const float* const lower = map + down.upper * width;
  const float left = __ldg(upper + across.lower);
  const float right = __ldg(upper + across.upper);
  const float above = left + across.weight * (right - left);
  const float left_below = __ldg(lower + across.lower);
  const float right_below = __ldg(lower + across.upper);
  const float below = left_below + across.weight * (right_below - left_below);
  return above + down.weight * (below - above);
}

/// All maps of an image at output position (y, x), added or multiplied.
template <MapCombination kCombination>
__device__ __forceinline__ float combined_at(const UpsampleSources& sources, int64_t image, int y, int x) {
  float combined = upsampled_at(sources, 0, image, y, x);
  for (int k = 1; k < sources.count; ++k) {
    const float value = upsampled_at(sources, k, image, y, x);
    combined = kCombination == MapCombination::kSum ? combined + value : combined * value;
  }
  return combined;
}

/// Returns cudaErrorInvalidValue if maps and sizes do not match.
inline cudaError_t upsample_sources(std::span<const float* const> maps, std::span<const MapSize> sizes,
                                    int64_t height, int64_t width, UpsampleSources& sources) {
  const auto fits = [](int64_t size) { return size >= 1 && size <= INT_MAX; };
  if (maps.empty() || maps.size() > kMaxMaps || maps.size() != sizes.size()) return cudaErrorInvalidValue;
  if (!fits(height) || !fits(width)) return cudaErrorInvalidValue;
  sources = {};
  for (size_t k = 0; k < maps.size(); ++k) {
    if (!fits(sizes[k].height) || !fits(sizes[k].width)) return cudaErrorInvalidValue;
    sources.maps[k] = maps[k];
    sources.heights[k] = static_cast<int>(sizes[k].height);
    sources.widths[k] = static_cast<int>(sizes[k].width);
    sources.row_scales[k] = aligned_scale(sizes[k].height, height);
    sources.column_scales[k] = aligned_scale(sizes[k].width, width);
  }
  sources.count = static_cast<int>(maps.size());
  return cudaSuccess;
}

}  // namespace reverse_distillation::cuda
