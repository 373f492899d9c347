#include "pipeline/regions.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/cancel_token.h"
#include "core/error.h"
#include "pipeline/outlines.h"
#include "pipeline/region_measuring.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

namespace {

/// The largest number of pixels of a map whose memory is kept: at most a few times as many bytes.
constexpr int64_t kLargestKeptMap = int64_t{1} << 20;

/// Finds all connected runs, from the first pixel on, with their outlines and measures.
///
/// The first run of a region that is met, row by row, has the outline around it on its left; the first run
/// that is met of those along a hole has it on its right.
Regions find_connected(const MapView& map, const Runs& runs, Outlines& outlines) {
  Regions found;
  found.segments.resize(2 * outlines.segments());
  int32_t* traced = found.segments.data();
  const auto trace = [&](int32_t segment, int32_t region) {
    int32_t* const begin = traced;
    traced = outlines.trace(segment, region, traced);
    found.rings.push_back({region, static_cast<int32_t>((begin - found.segments.data()) / 2),
                           static_cast<int32_t>((traced - begin) / 2)});
  };
  RegionMeasuring measuring(map);
  for (int64_t y = 0; y < map.height; ++y) {
    throw_if_cancelled();
    const int32_t first = runs.first[static_cast<size_t>(y)], end = runs.first[static_cast<size_t>(y) + 1];
    if (first == end) continue;
    for (int32_t run = first; run < end; ++run) {
      const int32_t left = outlines.left(run), right = outlines.right(run);
      if (!outlines.traced(left)) {
        trace(left, static_cast<int32_t>(found.regions.size()));
        Region& region = found.regions.emplace_back();
        region.left = runs.starts[static_cast<size_t>(run)];
        region.top = static_cast<int32_t>(y);
        region.peak = -std::numeric_limits<float>::infinity();
      }
      if (!outlines.traced(right)) trace(outlines.next(right), outlines.region_of(left));
    }
    measuring.add_row(found.regions, runs, outlines, y);
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

/// The rings of the first region, then those of the next, and so on. The ring around a region was found
/// before its holes, and stays before them.
std::vector<Ring> by_region(const std::vector<Ring>& rings, size_t regions) {
  std::vector<size_t> places(regions + 1);
  for (const Ring& ring : rings) ++places[static_cast<size_t>(ring.region) + 1];
  std::partial_sum(places.begin(), places.end(), places.begin());
  std::vector<Ring> sorted(rings.size());
  for (const Ring& ring : rings) sorted[places[static_cast<size_t>(ring.region)]++] = ring;
  return sorted;
}

/// Moves the regions to the front that are kept, in their order, and drops the others and their rings.
void keep(Regions& found, const std::vector<int32_t>& kept) {
  std::vector<Region> regions;
  regions.reserve(kept.size());
  std::vector<int32_t> ranks(found.regions.size(), -1);
  for (const int32_t index : kept) {
    ranks[static_cast<size_t>(index)] = static_cast<int32_t>(regions.size());
    regions.push_back(found.regions[static_cast<size_t>(index)]);
  }
  found.regions = std::move(regions);
  for (Ring& ring : found.rings) ring.region = ranks[static_cast<size_t>(ring.region)];
  std::erase_if(found.rings, [](const Ring& ring) { return ring.region < 0; });
  found.rings = by_region(found.rings, kept.size());
}

}  // namespace

Regions RegionFinder::find(const MapView& map, const RegionOptions& options) {
  if (map.pixels() > kLargestRegionMap) {
    throw Error(ErrorCode::kInvalidArgument, "A map of " + std::to_string(map.height) + " x " +
                                                 std::to_string(map.width) +
                                                 " pixels is too large for regions: at most " +
                                                 std::to_string(kLargestRegionMap) + " pixels are allowed.");
  }
  runs_.find(map, options.outline);
  outlines_.find(runs_);
  Regions found = find_connected(map, runs_, outlines_);
  found.considered = runs_.considered;
  keep(found, select(found.regions, options));
  if (map.pixels() > kLargestKeptMap) *this = RegionFinder();
  return found;
}

Regions find_regions(const MapView& map, const RegionOptions& options) {
  return RegionFinder().find(map, options);
}

}  // namespace reverse_distillation
