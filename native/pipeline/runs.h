#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/kept_memory.h"
#include "pipeline/map_view.h"

namespace reverse_distillation {

/// The pixels of a map at or above a threshold: as bits, and as runs, which are pixels next to each other in
/// one row. They can be found again and again; memory is kept.
struct Runs {
  /// Finds the runs of a map.
  ///
  /// Throws `Error(kInvalidArgument)` if a value is not finite; `Error(kAborted)`.
  void find(const MapView& map, double threshold);

  int64_t height = 0;
  int64_t width = 0;
  /// Words of 64 pixels in each row of `bits`, the first pixel in the lowest bit. There is at least one bit
  /// more than there are pixels, and those are 0.
  size_t words = 0;
  std::vector<uint64_t> bits;
  /// The first run of each row, and then the number of runs.
  std::vector<int32_t> first;
  /// Where each run begins, and where it ends: the number of pixels to the left of its sides.
  KeptMemory<int32_t> starts;
  KeptMemory<int32_t> ends;
  /// Number of pixels in the region of interest.
  int64_t considered = 0;

  bool is_empty(int64_t y) const {
    return first[static_cast<size_t>(y)] == first[static_cast<size_t>(y) + 1];
  }
  const uint64_t* row(int64_t y) const { return bits.data() + static_cast<size_t>(y) * words; }
};

}  // namespace reverse_distillation
