#include "pipeline/regions.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/cancel_token.h"
#include "core/error.h"
#include "pipeline/outlines.h"
#include "pipeline/runs.h"

namespace reverse_distillation {

namespace {

/// Sets of runs that touch, directly or through others: each run refers to an earlier one of its set, and the
/// first run of a set to itself.
class Components {
 public:
  explicit Components(size_t runs) : parents_(runs) { std::iota(parents_.begin(), parents_.end(), 0); }

  void join(int32_t a, int32_t b) {
    a = first(a);
    b = first(b);
    parents_[static_cast<size_t>(std::max(a, b))] = std::min(a, b);
  }

  int32_t parent(int32_t run) const { return parents_[static_cast<size_t>(run)]; }

 private:
  int32_t first(int32_t run) {
    while (parent(run) != run) run = parents_[static_cast<size_t>(run)] = parent(parent(run));
    return run;
  }

  std::vector<int32_t> parents_;
};

/// Goes through the edges of a row and of the row below it from the left. Joins runs that touch, and links
/// the outlines along the line between the rows: an outline runs along it where only one of the rows has
/// pixels, so from every second edge to the next.
///
/// Of edges at the same place, left sides come first. So runs that share only a corner touch, and the
/// outlines through that corner lead from one run to the other.
void join_rows(const Runs& runs, size_t row, Components& components, Outlines& outlines) {
  int32_t upper = 2 * runs.first[row];
  int32_t lower = 2 * runs.first[row + 1];
  struct Step {
    int32_t edge;
    bool arrives;  ///< Whether the outline reaches the line along this edge, or leaves it.
  };
  const auto step = [&]() -> Step {
    const bool is_lower = runs.keys[static_cast<size_t>(lower)] < runs.keys[static_cast<size_t>(upper)];
    const int32_t edge = is_lower ? lower : upper;
    lower += static_cast<int32_t>(is_lower);
    upper += static_cast<int32_t>(!is_lower);
    // An odd edge is the right side of a run that has begun.
    if ((lower & upper & 1) != 0) components.join(upper / 2, lower / 2);
    return {edge, (edge % 2 == 0) == is_lower};
  };
  const int32_t runs_of_both = runs.first[row + 2] - runs.first[row] - 2;
  for (int32_t i = 0; i < runs_of_both; ++i) {
    const Step left = step();
    const Step right = step();
    outlines.link(left.arrives ? left.edge : right.edge, left.arrives ? right.edge : left.edge);
  }
}

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

/// The components with their measures, and the component of each run.
struct Measured {
  std::vector<Region> regions;
  std::vector<int32_t> region_of;
};

Measured measure(const MapView& map, const Runs& runs, const Components& components) {
  Measured measured;
  measured.region_of.resize(runs.keys.size() / 2, -1);
  for (int64_t row = 1; row + 1 < runs.rows(); ++row) {
    const auto y = static_cast<int32_t>(row - 1);
    const float* const values = map.data + y * map.width;
    const int32_t end = runs.first[static_cast<size_t>(row) + 1] - 1;
    for (int32_t run = runs.first[static_cast<size_t>(row)]; run < end; ++run) {
      const int32_t parent = components.parent(run);
      const int32_t start = runs.column(2 * run);
      int32_t& index = measured.region_of[static_cast<size_t>(run)];
      if (parent == run) {
        index = static_cast<int32_t>(measured.regions.size());
        Region& region = measured.regions.emplace_back();
        region.left = start;
        region.top = y;
        region.peak = -std::numeric_limits<float>::infinity();
      } else {
        index = measured.region_of[static_cast<size_t>(parent)];
      }
      add_run(measured.regions[static_cast<size_t>(index)], values, start, runs.column(2 * run + 1), y);
    }
  }
  for (Region& region : measured.regions) {
    const auto area = static_cast<double>(region.area);
    region.centroid_x /= area;
    region.centroid_y /= area;
    region.mean /= area;
  }
  return measured;
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

/// Traces the outlines of the regions that have a rank.
void trace(const Runs& runs, const std::vector<int32_t>& region_of, const std::vector<int32_t>& ranks,
           Outlines& outlines, Regions& found) {
  const auto rank_of = [&](int32_t run) {
    return ranks[static_cast<size_t>(region_of[static_cast<size_t>(run)])];
  };
  const auto kept = std::count_if(region_of.begin(), region_of.end(), [&](int32_t region) {
    return region >= 0 && ranks[static_cast<size_t>(region)] >= 0;
  });
  // Each of a run's two edges has at most two corners of two coordinates.
  found.corners.resize(8 * (static_cast<size_t>(kept) + 1));
  int32_t* corners = found.corners.data();
  for (int64_t row = 1; row + 1 < runs.rows(); ++row) {
    throw_if_cancelled();
    const int32_t end = runs.first[static_cast<size_t>(row) + 1] - 1;
    for (int32_t run = runs.first[static_cast<size_t>(row)]; run < end; ++run) {
      // The hole to the left of a run is traced from the run's left side too.
      if (outlines.traced(2 * run) || rank_of(run) < 0) continue;
      int32_t* const begin = corners;
      corners = outlines.trace(2 * run, static_cast<int32_t>(row - 1), corners);
      found.rings.push_back({rank_of(run), static_cast<int32_t>((begin - found.corners.data()) / 2),
                             static_cast<int32_t>((corners - begin) / 2)});
    }
  }
  found.corners.resize(static_cast<size_t>(corners - found.corners.data()));
  // A region's first run is on its outer ring, so that ring was found first.
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
  Components components(runs.keys.size() / 2);
  Outlines outlines(runs);
  for (int64_t row = 0; row + 1 < runs.rows(); ++row) {
    throw_if_cancelled();
    join_rows(runs, static_cast<size_t>(row), components, outlines);
  }
  const Measured measured = measure(map, runs, components);
  const std::vector<int32_t> kept = select(measured.regions, options);

  Regions found;
  found.considered = runs.considered;
  std::vector<int32_t> ranks(measured.regions.size(), -1);
  for (const int32_t index : kept) {
    ranks[static_cast<size_t>(index)] = static_cast<int32_t>(found.regions.size());
    found.regions.push_back(measured.regions[static_cast<size_t>(index)]);
  }
  trace(runs, measured.region_of, ranks, outlines, found);
  return found;
}

}  // namespace reverse_distillation
