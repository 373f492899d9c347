#pragma once

#include <vector>

#include "pipeline/map_view.h"
#include "pipeline/outlines.h"
#include "pipeline/regions.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

/// Measures regions, row by row of their map.
class RegionMeasuring {
 public:
  /// `map` must outlive this object.
  explicit RegionMeasuring(const MapView& map);

  /// Adds the runs of a row to their regions, whose outlines have been traced. Centroids and means stay sums.
  void add_row(std::vector<Region>& regions, const Runs& runs, const Outlines& outlines, int64_t y);

 private:
  void add_runs(Region& region, const int32_t* starts, const int32_t* ends, size_t begin, size_t end,
                int32_t y);

  const MapView& map_;
  std::vector<float> row_;
  /// Of each run of the row, the sum and the largest of its values.
  std::vector<double> sums_;
  std::vector<float> largest_;
};

}  // namespace reverse_distillation
