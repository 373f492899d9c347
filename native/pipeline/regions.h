#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "pipeline/map_view.h"
#include "pipeline/outlines.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

/// What counts as a region, by hysteresis: pixels at or above `outline` that touch by a side or a corner, at
/// least one of which is at or above `seed`.
struct RegionOptions {
  double seed = 0.0;
  double outline = 0.0;  ///< At most `seed`.
  int64_t min_area = 1;  ///< In pixels of the map.
  int64_t max_count = std::numeric_limits<int64_t>::max();
};

/// A region in the coordinates of the map, whose pixel (x, y) covers x to x + 1 and y to y + 1.
struct Region {
  int32_t left = 0;
  int32_t top = 0;
  int32_t right = 0;
  int32_t bottom = 0;
  int64_t area = 0;
  double centroid_x = 0.0;
  double centroid_y = 0.0;
  double mean = 0.0;
  float peak = 0.0F;  ///< The largest value, and the column and row of the first pixel that has it.
  int32_t peak_x = 0;
  int32_t peak_y = 0;
};

/// A closed part of a region's outline. Outer rings run clockwise as seen in the image, holes the other way,
/// so that the shoelace areas of all rings of a region add up to its area. A ring touches itself where pixels
/// share only a corner.
struct Ring {
  int32_t region;
  int32_t begin;  ///< Its first segment in `Regions::segments`.
  int32_t count;
};

struct Regions {
  /// The highest peak comes first; among equal ones, the region whose first pixel comes first.
  std::vector<Region> regions;
  /// By region; that around the region comes before its holes.
  std::vector<Ring> rings;
  /// A ring goes along a line, up or down to another one, along that, and so on. Of each of its horizontal
  /// segments, these are y, and x where it ends. It begins at x where the one before it ends; the first one
  /// of a ring where the last one ends.
  std::vector<int32_t> segments;
  /// Number of pixels in the region of interest.
  int64_t considered = 0;
};

/// The largest number of pixels of a map that `find_regions` takes.
constexpr int64_t kLargestRegionMap = int64_t{1} << 28;

/// Finds the regions of maps. Not synchronised: one thread at a time.
class RegionFinder {
 public:
  /// Finds the regions of a map, in one pass over its pixels and some over the runs of those at or above
  /// `outline`. Memory for maps that are not very large is kept for the next.
  ///
  /// Throws `Error(kInvalidArgument)` if a value of the map is not finite, or the map is too large;
  /// `Error(kAborted)`.
  Regions find(const MapView& map, const RegionOptions& options);

 private:
  Runs runs_;
  Outlines outlines_;
};

/// Finds the regions of one map.
Regions find_regions(const MapView& map, const RegionOptions& options);

}  // namespace reverse_distillation
