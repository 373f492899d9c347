#include "pipeline/regions.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/cancel_token.h"
#include "core/error.h"
#include "pipeline/outlines.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

namespace {

/// Adds a run to the measures of its region. Centroid and mean are sums for now.
void add_run(Region& region, const float* row, int32_t start, int32_t end, int32_t y) {
  const int32_t count = end - start;
  region.left = std::min(region.left, start);
  region.right = std::max(region.right, end);
  region.bottom = y + 1;
  region.area += count;
  region.centroid_x += count * (0.5 * start + 0.5 * end);
  region.centroid_y += count * (y + 0.5);
  double sum = 0.0;
  float peak = region.peak;
  for (int32_t x = start; x < end; ++x) {
    sum += static_cast<double>(row[x]);
    if (row[x] > peak) {
      peak = row[x];
      region.peak_x = x;
      region.peak_y = y;
    }
  }
  region.mean += sum;
  region.peak = peak;
}

/// Finds all connected runs, from the first pixel on, with their outlines and measures.
///
/// The first edge of a region that is met, row by row, is on the outline around it, and is a left side; that
/// of a hole is the right side of the run to its left, which is met after the left side of that run.
Regions find_connected(const MapView& map, const Runs& runs, Outlines& outlines) {
  Regions found;
  found.corners.resize(2 * outlines.corners());
  int32_t* corners = found.corners.data();
  const auto trace = [&](int32_t edge, int32_t y, int32_t region) {
    int32_t* const begin = corners;
    corners = outlines.trace(edge, y, region, corners);
    found.rings.push_back({region, static_cast<int32_t>((begin - found.corners.data()) / 2),
                           static_cast<int32_t>((corners - begin) / 2)});
  };
  for (size_t row = 1; row + 1 < runs.rows(); ++row) {
    throw_if_cancelled();
    const auto y = static_cast<int32_t>(row - 1);
    const float* const values = map.data + y * map.width;
    for (int32_t run = runs.first[row]; run < runs.first[row + 1] - 1; ++run) {
      const int32_t left = 2 * run;
      const int32_t right = left + 1;
      const int32_t start = runs.column(left);
      if (!outlines.traced(left)) {
        trace(left, y, static_cast<int32_t>(found.regions.size()));
        Region& region = found.regions.emplace_back();
        region.left = start;
        region.top = y;
        region.peak = -std::numeric_limits<float>::infinity();
      }
      const int32_t index = outlines.region_of(left);
      if (!outlines.traced(right)) trace(right, y, index);
      add_run(found.regions[static_cast<size_t>(index)], values, start, runs.column(right), y);
    }
  }
  for (Region& region : found.regions) {
    const auto area = static_cast<double>(region.area);
    region.centroid_x /= area;
    region.centroid_y /= area;
    region.mean /= area;
  }
  return found;
}

/// The indices of the regions that the options keep, in order.
std::vector<int32_t> select(const std::vector<Region>& regions, const RegionOptions& options) {
  std::vector<int32_t> kept;
  for (size_t i = 0; i < regions.size(); ++i) {
    if (static_cast<double>(regions[i].peak) >= options.seed && regions[i].area >= options.min_area)
      kept.push_back(static_cast<int32_t>(i));
  }
  std::stable_sort(kept.begin(), kept.end(), [&](int32_t a, int32_t b) {
    return regions[static_cast<size_t>(a)].peak > regions[static_cast<size_t>(b)].peak;
  });
  if (static_cast<int64_t>(kept.size()) > options.max_count)
    kept.resize(static_cast<size_t>(options.max_count));
  return kept;
}

/// Moves the regions to the front that are kept, in their order, and drops the others and their rings.
void keep(Regions& found, const std::vector<int32_t>& kept) {
  std::vector<Region> regions;
  std::vector<int32_t> ranks(found.regions.size(), -1);
  for (const int32_t index : kept) {
    ranks[static_cast<size_t>(index)] = static_cast<int32_t>(regions.size());
    regions.push_back(found.regions[static_cast<size_t>(index)]);
  }
  found.regions = std::move(regions);
  for (Ring& ring : found.rings) ring.region = ranks[static_cast<size_t>(ring.region)];
  std::erase_if(found.rings, [](const Ring& ring) { return ring.region < 0; });
  // The ring around a region was found before its holes.
  std::stable_sort(found.rings.begin(), found.rings.end(),
                   [](const Ring& a, const Ring& b) { return a.region < b.region; });
}

}  // namespace

Regions find_regions(const MapView& map, const RegionOptions& options) {
  if (map.pixels() > kLargestRegionMap) {
    throw Error(ErrorCode::kInvalidArgument, "A map of " + std::to_string(map.height) + " x " +
                                                 std::to_string(map.width) +
                                                 " pixels is too large for regions: at most " +
                                                 std::to_string(kLargestRegionMap) + " pixels are allowed.");
  }
  const Runs runs = find_runs(map, options.outline);
  Outlines outlines(runs);
  Regions found = find_connected(map, runs, outlines);
  found.considered = runs.considered;
  keep(found, select(found.regions, options));
  return found;
}

}  // namespace reverse_distillation
