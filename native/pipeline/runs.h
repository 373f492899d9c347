#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/map_view.h"

namespace reverse_distillation {

/// The pixels of a map at or above a threshold, as runs: pixels next to each other in one row.
///
/// Run i has two edges: 2 * i is its left side, and 2 * i + 1 its right side. Row y of the map is row y + 1
/// here: there is a row without pixels before the first and after the last. Each row ends with a run that is
/// none, whose edges lie to the right of all others.
struct Runs {
  /// An edge's key is twice its column, plus 1 for a right side. Within a row, keys ascend.
  std::vector<uint32_t> keys;
  /// The first run of each row, and then the number of runs.
  std::vector<int32_t> first;
  /// Number of pixels in the region of interest.
  int64_t considered = 0;

  static constexpr uint32_t kNone = ~uint32_t{0};

  size_t rows() const { return first.size() - 1; }
  /// Where the edge lies: the number of pixels to its left.
  int32_t column(int32_t edge) const { return static_cast<int32_t>(keys[static_cast<size_t>(edge)] >> 1); }
};

/// Finds the runs.
///
/// Throws `Error(kInvalidArgument)` if a value is not finite.
Runs find_runs(const MapView& map, double threshold);

}  // namespace reverse_distillation
