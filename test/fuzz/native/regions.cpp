#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "pipeline/map_resize.h"
#include "pipeline/regions.h"
#include "target.h"

namespace reverse_distillation::fuzz {

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// A map in memory of its own, with or without a region of interest.
struct Map {
  std::vector<float> values;
  std::vector<uint8_t> mask;
  MapView view;
};

Map any_map(FuzzedDataProvider& input) {
  Map map;
  map.view.height = input.ConsumeIntegralInRange<int64_t>(1, 40);
  map.view.width = input.ConsumeIntegralInRange<int64_t>(1, 40);
  const auto pixels = static_cast<size_t>(map.view.pixels());
  const bool masked = input.ConsumeBool();
  const bool any_bits = input.ConsumeIntegralInRange(0, 7) == 0;
  map.values.resize(pixels);
  if (any_bits) {
    const auto bytes = input.ConsumeBytes<uint8_t>(pixels * sizeof(float));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(map.values.data()));
  } else {
    const auto bytes = input.ConsumeBytes<uint8_t>(pixels);
    for (size_t i = 0; i < bytes.size(); ++i) map.values[i] = static_cast<float>(bytes[i]);
  }
  if (masked) {
    map.mask = input.ConsumeBytes<uint8_t>(pixels);
    map.mask.resize(pixels);
    map.view.mask = map.mask.data();
  }
  map.view.data = map.values.data();
  return map;
}

const Registration regions("regions", [](FuzzedDataProvider& input) {
  RegionOptions options;
  options.outline = input.ConsumeFloatingPointInRange<double>(-1.0, 256.0);
  options.seed = options.outline + input.ConsumeFloatingPointInRange<double>(0.0, 256.0);
  options.min_area = input.ConsumeIntegralInRange<int64_t>(1, 9);
  options.max_count = input.ConsumeIntegralInRange<int64_t>(1, 9);
  const Map map = any_map(input);
  const Regions found = find_regions(map.view, options);
  require(static_cast<int64_t>(found.regions.size()) <= options.max_count);
  std::vector<int64_t> areas(found.regions.size());
  for (const Ring& ring : found.rings) {
    const int32_t* const segments = found.segments.data() + 2 * ring.begin;
    int64_t x = segments[2 * ring.count - 1];
    for (int32_t i = 0; i < ring.count; ++i) {
      const int64_t y = segments[2 * i], end = segments[2 * i + 1];
      areas.at(static_cast<size_t>(ring.region)) -= y * (end - x);
      x = end;
    }
  }
  for (size_t i = 0; i < found.regions.size(); ++i) {
    const Region& region = found.regions[i];
    require(region.area >= options.min_area && static_cast<double>(region.peak) >= options.seed);
    require(areas[i] == region.area);
  }
});

const Registration resize("resize-map", [](FuzzedDataProvider& input) {
  const auto height = input.ConsumeIntegralInRange<int64_t>(1, 70);
  const auto width = input.ConsumeIntegralInRange<int64_t>(1, 70);
  const Map map = any_map(input);
  const at::Tensor resized = resize_map(map.view, height, width);
  require((resized.sizes() == at::IntArrayRef({height, width})));
});

}  // namespace

}  // namespace reverse_distillation::fuzz
