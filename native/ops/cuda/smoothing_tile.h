#pragma once

// The part of an output map that a block of `launch_smoothing` works on.

namespace reverse_distillation::cuda {

/// Columns of a tile: one a lane.
constexpr int kSmoothingColumns = 32;

/// Neighbouring output rows that a thread works out together: what it reads serves them all.
constexpr int kSmoothingGroup = 8;

/// Rows of a tile: a group a warp.
constexpr int kSmoothingRows = 8 * kSmoothingGroup;

}  // namespace reverse_distillation::cuda
