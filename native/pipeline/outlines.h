#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/runs.h"

namespace reverse_distillation {

/// The outlines of connected runs: where pixels at or above the threshold meet others. Each is closed and
/// runs up along left sides and down along right sides, so that it keeps the pixels on its right: clockwise,
/// as seen in the image, around a region, and the other way around a hole.
class Outlines {
 public:
  /// Finds all outlines, as links from edge to edge. Throws `Error(kAborted)`.
  explicit Outlines(const Runs& runs);

  /// Number of corners of all outlines.
  size_t corners() const { return corners_; }

  /// Whether the outline through an edge has been traced.
  bool traced(int32_t edge) const { return links_[static_cast<size_t>(edge)] < 0; }

  /// The region that the outline through an edge was traced for.
  int32_t region_of(int32_t edge) const { return ~links_[static_cast<size_t>(edge)]; }

  /// Follows the outline through an edge for a region, and writes x and y of its corners, from the end of
  /// that edge on. `row`: the row of the map that the edge is in. Returns the end of what was written.
  int32_t* trace(int32_t edge, int32_t row, int32_t region, int32_t* corners);

 private:
  void link_rows(size_t row);

  const Runs& runs_;
  /// The next edge of each edge's outline or, once that was traced, ~region.
  std::vector<int32_t> links_;
  size_t corners_ = 0;
};

}  // namespace reverse_distillation
