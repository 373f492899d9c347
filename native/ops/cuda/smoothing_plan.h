#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

/// Height and width of a map in positions.
struct MapSize {
  int64_t height;
  int64_t width;
};

/// One axis of "interpolate, then smooth" as a banded matrix: each output position is a weighted sum of
/// `taps` neighbouring input positions, which are the same for a group of neighbouring output positions.
///   output(i) = sum_j weights[j * stride + i] * input(first[i / group] + j)
struct AxisBands {
  int input;
  int output;
  int group;    ///< Output positions that share one `first`.
  int taps;     ///< At most `input`, so that no group reads beyond it.
  int stride;   ///< `output` rounded up to whole groups, of at least 4; weights beyond `output` are 0.
  int first;    ///< Offset of the first input positions in the plan's tables, in words: one int32 per group.
  int weights;  ///< Offset of the weights in the plan's tables, in words: float32, aligned to 16 bytes.
};

/// Everything that `launch_smoothing` needs to know, computed once per size and sigma.
///
/// Interpolation and smoothing are both linear and separable, so together they are one banded matrix per
/// axis. Applied to the small maps, it costs a fraction of smoothing the large one: from 64 x 64, 32 x 32 and
/// 16 x 16 to 256 x 256 with sigma 4, it takes 24 multiply-adds per output position instead of 66,
/// interpolation included.
struct SmoothingPlan {
  struct Map {
    AxisBands rows;
    AxisBands columns;
    int tile_rows;     ///< Most input rows that a tile of output rows needs.
    int tile_columns;  ///< Most input columns that a tile of output columns needs.
  };

  int height;
  int width;
  int count;
  Map maps[kMaxMaps];
  size_t shared_bytes;  ///< Shared memory of a block of `launch_smoothing`.

  /// To be copied to the device, aligned to 16 bytes, and kept there while the plan is in use.
  std::vector<uint32_t> tables;
};

/// The plan that resizes 1 to `kMaxMaps` maps of the given sizes to height x width (bilinear, aligned
/// corners), adds them up (Deng & Li 2022, Eq. 3) and smooths the sum with a Gaussian of `sigma` > 0 pixels,
/// as `gaussian_blur` (ops/ops.h) does. With one map of the output's own size it is `gaussian_blur`.
///
/// Throws std::invalid_argument if a size or sigma is out of range.
SmoothingPlan plan_smoothing(std::span<const MapSize> maps, int64_t height, int64_t width, double sigma);

}  // namespace reverse_distillation::cuda
