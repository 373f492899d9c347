#include "pipeline/region_measuring.h"

#include <algorithm>
#include <bit>

#include "core/vectorise.h"

namespace reverse_distillation {

namespace {

/// Most runs of a map with many runs are short. So four values of a run are read at once, which may lie
/// beyond its end, and only longer runs need a loop, whose end is hard to predict.
constexpr int32_t kReadAhead = 4;

/// Measures `count` runs of a row.
RD_VECTORISED void measure_runs(const float* __restrict__ values, const int32_t* __restrict__ starts,
                                const int32_t* __restrict__ ends, int32_t count, double* __restrict__ sums,
                                float* __restrict__ largest) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t length = ends[i] - starts[i];
    const auto value = [&](int32_t place) { return std::bit_cast<int32_t>(values[starts[i] + place]); };
    // All ones if the run has so many values, otherwise 0.
    const int32_t two = -static_cast<int32_t>(length > 1), three = -static_cast<int32_t>(length > 2),
                  four = -static_cast<int32_t>(length > 3);
    const int32_t a = value(0), b = value(1), c = value(2), d = value(3);
    const auto number = [](int32_t bits) { return std::bit_cast<float>(bits); };
    const auto wide = [&](int32_t bits) { return static_cast<double>(number(bits)); };
    sums[i] = (wide(a) + wide(b & two)) + (wide(c & three) + wide(d & four));
    const float first = number(a), second = number((b & two) | (a & ~two)),
                third = number((c & three) | (a & ~three)), fourth = number((d & four) | (a & ~four));
    const float left = first > second ? first : second, right = third > fourth ? third : fourth;
    largest[i] = left > right ? left : right;
  }
  for (int32_t i = 0; i < count; ++i) {
    if (ends[i] - starts[i] <= kReadAhead) continue;
    // Sums of every second value, so that additions need not wait for each other.
    double even = sums[i], odd = 0.0;
    float peak = largest[i];
    int32_t x = starts[i] + kReadAhead;
    for (; x + 1 < ends[i]; x += 2) {
      even += static_cast<double>(values[x]);
      odd += static_cast<double>(values[x + 1]);
      const float larger = values[x] > values[x + 1] ? values[x] : values[x + 1];
      peak = larger > peak ? larger : peak;
    }
    if (x < ends[i]) {
      even += static_cast<double>(values[x]);
      peak = std::max(peak, values[x]);
    }
    sums[i] = even + odd;
    largest[i] = peak;
  }
}

}  // namespace

RegionMeasuring::RegionMeasuring(const MapView& map)
    : map_(map),
      row_(static_cast<size_t>(map.width) + kReadAhead),
      sums_(static_cast<size_t>(map.width) / 2 + 1),
      largest_(sums_.size()) {}

void RegionMeasuring::add_row(std::vector<Region>& regions, const Runs& runs, const Outlines& outlines,
                              int64_t y) {
  const auto first = static_cast<size_t>(runs.first[static_cast<size_t>(y)]);
  const size_t count = static_cast<size_t>(runs.first[static_cast<size_t>(y) + 1]) - first;
  const int32_t* const starts = runs.starts.data() + first;
  const int32_t* const ends = runs.ends.data() + first;
  std::copy_n(map_.data + y * map_.width, map_.width, row_.data());
  measure_runs(row_.data(), starts, ends, static_cast<int32_t>(count), sums_.data(), largest_.data());
  const auto region_of = [&](size_t i) {
    return outlines.region_of(outlines.left(static_cast<int32_t>(first + i)));
  };
  // Neighbours are mostly of one region.
  for (size_t begin = 0; begin < count;) {
    const int32_t index = region_of(begin);
    size_t end = begin + 1;
    while (end < count && region_of(end) == index) ++end;
    add_runs(regions[static_cast<size_t>(index)], starts, ends, begin, end, static_cast<int32_t>(y));
    begin = end;
  }
}

/// Adds the runs from `begin` to `end` to their region.
void RegionMeasuring::add_runs(Region& region, const int32_t* starts, const int32_t* ends, size_t begin,
                               size_t end, int32_t y) {
  int64_t area = 0, twice_x = 0;
  double sum = 0.0;
  float peak = region.peak;
  for (size_t i = begin; i < end; ++i) {
    const int64_t count = ends[i] - starts[i];
    area += count;
    twice_x += count * (starts[i] + ends[i]);
    sum += sums_[i];
    if (largest_[i] > peak) {
      peak = largest_[i];
      region.peak_x =
          static_cast<int32_t>(std::find(row_.data() + starts[i], row_.data() + ends[i], peak) - row_.data());
      region.peak_y = y;
    }
  }
  region.left = std::min(region.left, starts[begin]);
  region.right = std::max(region.right, ends[end - 1]);
  region.bottom = y + 1;
  region.area += area;
  region.centroid_x += 0.5 * static_cast<double>(twice_x);
  region.centroid_y += static_cast<double>(area) * (y + 0.5);
  region.mean += sum;
  region.peak = peak;
}

}  // namespace reverse_distillation
