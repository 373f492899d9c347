#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/runs.h"

namespace reverse_distillation {

/// The outlines of connected runs, as links between the runs' edges: an outline runs up along left sides and
/// down along right sides, and from each edge on to the next along the line between two rows. So it keeps the
/// pixels on its right.
class Outlines {
 public:
  explicit Outlines(const Runs& runs) : runs_(runs), next_(runs.keys.size(), kTraced) {}

  /// Links an edge to the one that follows it.
  void link(int32_t edge, int32_t next) { next_[static_cast<size_t>(edge)] = next; }

  /// Whether the outline through an edge has been traced.
  bool traced(int32_t edge) const { return next_[static_cast<size_t>(edge)] == kTraced; }

  /// Writes x and y of each corner of the outline through a left side, from the side's upper end on: at most
  /// two corners per edge, and room for two more is needed. Returns the end of what was written.
  ///
  /// line: the line at the upper end, which is the number of rows of the map above it.
  int32_t* trace(int32_t edge, int32_t line, int32_t* corners);

 private:
  static constexpr int32_t kTraced = -1;

  const Runs& runs_;
  std::vector<int32_t> next_;
};

}  // namespace reverse_distillation
