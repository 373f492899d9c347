#include "pipeline/regions.h"

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "harness.h"

namespace reverse_distillation::test::regions_test {

namespace {

/// A map in memory of its own.
struct Map {
  int64_t height;
  int64_t width;
  std::vector<float> values;
  std::vector<uint8_t> mask;

  MapView view() const { return {values.data(), height, width, mask.empty() ? nullptr : mask.data()}; }
};

/// Values from 0 to 9.
Map random_map(std::mt19937& random, bool masked) {
  Map map;
  map.height = static_cast<int64_t>(random() % 12 + 1);
  map.width = static_cast<int64_t>(random() % 140 + 1);
  for (int64_t i = 0; i < map.height * map.width; ++i) {
    map.values.push_back(static_cast<float>(random() % 10));
    if (masked) map.mask.push_back(random() % 4 == 0 ? 0 : 255);
  }
  return map;
}

struct Found {
  float peak;
  int64_t area;
  auto operator<=>(const Found&) const = default;
};

/// Spreads from each pixel at or above `outline` to those around it.
std::multiset<Found> spread(const Map& map, const RegionOptions& options) {
  std::vector<uint8_t> reached(map.values.size());
  const auto free = [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    return static_cast<double>(map.values[at]) >= options.outline &&
           (map.mask.empty() || map.mask[at] != 0) && reached[at] == 0;
  };
  std::multiset<Found> all;
  for (int64_t start = 0; start < map.height * map.width; ++start) {
    if (!free(start)) continue;
    reached[static_cast<size_t>(start)] = 1;
    std::vector<int64_t> pixels = {start};
    Found found = {-1.0F, 0};
    for (size_t next = 0; next < pixels.size(); ++next) {
      const int64_t y = pixels[next] / map.width;
      const int64_t x = pixels[next] % map.width;
      found.peak = std::max(found.peak, map.values[static_cast<size_t>(pixels[next])]);
      ++found.area;
      for (int64_t row = std::max<int64_t>(y - 1, 0); row <= std::min(y + 1, map.height - 1); ++row) {
        for (int64_t column = std::max<int64_t>(x - 1, 0); column <= std::min(x + 1, map.width - 1);
             ++column) {
          const int64_t other = row * map.width + column;
          if (!free(other)) continue;
          reached[static_cast<size_t>(other)] = 1;
          pixels.push_back(other);
        }
      }
    }
    if (static_cast<double>(found.peak) >= options.seed) all.insert(found);
  }
  return all;
}

/// Twice the area of a ring: positive if it runs clockwise as seen in the image.
int64_t double_area(const Regions& regions, const Ring& ring) {
  int64_t sum = 0;
  const int32_t* const segments = regions.segments.data() + 2 * ring.begin;
  int64_t x = segments[2 * ring.count - 1];
  for (int32_t i = 0; i < ring.count; ++i) {
    const int64_t y = segments[2 * i], end = segments[2 * i + 1];
    sum -= 2 * y * (end - x);
    x = end;
  }
  return sum;
}

}  // namespace

TEST("regions are those that spreading from pixel to pixel reaches, and their rings enclose their areas") {
  std::mt19937 random(5);
  for (int run = 0; run < 3000; ++run) {
    const Map map = random_map(random, run % 2 == 0);
    RegionOptions options;
    options.outline = random() % 10;
    options.seed = options.outline + random() % 4;
    const Regions regions = find_regions(map.view(), options);
    std::multiset<Found> found;
    for (const Region& region : regions.regions) found.insert({region.peak, region.area});
    EXPECT(found == spread(map, options), "in run " << run);

    std::vector<int64_t> areas(regions.regions.size());
    for (const Ring& ring : regions.rings) {
      const int64_t area = double_area(regions, ring);
      const auto region = static_cast<size_t>(ring.region);
      EXPECT((area > 0) == (areas[region] == 0), "the outer ring comes first, in run " << run);
      areas[region] += area;
    }
    for (size_t i = 0; i < areas.size(); ++i)
      EXPECT(areas[i] == 2 * regions.regions[i].area, areas[i] << " in run " << run);
  }
}

TEST("a map that is one region throughout, or without any, has the outline of its border, or none") {
  for (const int64_t width : {1, 63, 64, 65, 128, 1000}) {
    const std::vector<float> values(static_cast<size_t>(3 * width), 1.0F);
    RegionOptions options;
    options.seed = 1.0;
    options.outline = 1.0;
    const Regions all = find_regions({values.data(), 3, width}, options);
    const auto side = static_cast<int32_t>(width);
    EXPECT((all.segments == std::vector<int32_t>{0, side, 3, 0}), "width " << width);
    EXPECT(all.regions.at(0).area == 3 * width);
    EXPECT(all.considered == 3 * width);
    options.seed = 2.0;
    EXPECT(find_regions({values.data(), 3, width}, options).rings.empty());
    options.outline = 2.0;
    EXPECT(find_regions({values.data(), 3, width}, options).regions.empty());
  }
}

TEST("a map with a value that is not finite, or too large a map, has no regions but an error") {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(200, 0.0F);
    values[130] = value;
    EXPECT_THROWS(find_regions({values.data(), 2, 100}, {}), "in row 1, column 30");
  }
  EXPECT_THROWS(find_regions({nullptr, 1 << 15, 1 << 14}, {}), "too large for regions");
}

}  // namespace reverse_distillation::test::regions_test
