#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/kept_memory.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

/// The outlines of connected runs: where pixels at or above the threshold meet others. Each is closed and
/// runs up along left sides and down along right sides, so that it keeps the pixels on its right: clockwise,
/// as seen in the image, around a region, and the other way around a hole.
///
/// An outline turns at each corner, so it is a chain of horizontal segments; what connects one to the next is
/// a vertical line. Outlines can be found again and again; memory is kept.
class Outlines {
 public:
  /// Finds all outlines, as links from segment to segment. Throws `Error(kAborted)`.
  void find(const Runs& runs);

  /// Number of segments of all outlines.
  size_t segments() const { return count_; }

  /// The segments at the upper ends of the vertical lines along a run's left and right side.
  int32_t left(int32_t run) const { return lefts_[static_cast<size_t>(run)]; }
  int32_t right(int32_t run) const { return rights_[static_cast<size_t>(run)]; }

  /// The segment that follows in the outline. Only before the outline is traced.
  int32_t next(int32_t segment) const { return links_[static_cast<size_t>(segment)]; }

  /// Whether the outline through a segment has been traced.
  bool traced(int32_t segment) const { return links_[static_cast<size_t>(segment)] < 0; }

  /// The region that the outline through a segment was traced for.
  int32_t region_of(int32_t segment) const { return ~links_[static_cast<size_t>(segment)]; }

  /// Follows an outline for a region, from a segment on, and writes of each segment its y, and x where it
  /// ends. Returns the end of what was written.
  int32_t* trace(int32_t segment, int32_t region, int32_t* traced);

 private:
  struct Segment {
    int32_t y;
    int32_t end_x;
  };
  struct Line;

  void link(const Line& line, int32_t y, int32_t first);

  size_t count_ = 0;
  KeptMemory<Segment> segments_;
  /// The next segment of each segment's outline or, once that was traced, ~region. And one that is none.
  KeptMemory<int32_t> links_;
  KeptMemory<int32_t> lefts_;
  KeptMemory<int32_t> rights_;
  /// While linking: for each place along a line, the segment at the upper end of the vertical line that goes
  /// down from there. And one that is none.
  std::vector<int32_t> open_;
};

}  // namespace reverse_distillation
