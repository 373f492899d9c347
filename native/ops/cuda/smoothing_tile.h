#pragma once

// The part of an output map that one block of `launch_smoothing` computes.

namespace reverse_distillation::cuda {

/// Columns of a tile: one per lane.
constexpr int kSmoothingColumns = 32;

/// Neighbouring output rows that a thread computes together, since they share what it reads.
constexpr int kSmoothingGroup = 8;

/// Rows of a tile: one group per warp.
constexpr int kSmoothingRows = 8 * kSmoothingGroup;

}  // namespace reverse_distillation::cuda
