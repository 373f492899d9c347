#include "ops/cuda/smoothing_plan.h"

#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <stdexcept>
#include <string>

#include "ops/cuda/smoothing_tile.h"
#include "ops/gaussian_weights.h"

namespace reverse_distillation::cuda {

namespace {

std::string describe(int64_t height, int64_t width) {
  return std::to_string(height) + " x " + std::to_string(width);
}

/// Appends to the tables at the next multiple of 16 bytes, and returns that position.
template <typename T>
int append(std::vector<uint32_t>& tables, const std::vector<T>& values) {
  tables.resize((tables.size() + 3) / 4 * 4);
  if (tables.size() + values.size() > INT_MAX) {
    throw std::invalid_argument("smoothing: the weights of maps of this size exceed 8 GiB");
  }
  const size_t place = tables.size();
  for (const T value : values) tables.push_back(std::bit_cast<uint32_t>(value));
  return static_cast<int>(place);
}

AxisBands make_bands(int64_t input, int64_t output, const std::vector<float>& gaussian, int group,
                     std::vector<uint32_t>& tables) {
  const auto radius = static_cast<int64_t>(gaussian.size() / 2);
  const float scale = aligned_scale(input, output);
  const int64_t groups = (output + group - 1) / group;

  // A window that crosses a border contains that border, so everything reflected there is within the window.
  std::vector<int32_t> first;
  int64_t taps = 1;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t last_position = std::min(output, (g + 1) * group) - 1;
    const int64_t low = std::max<int64_t>(0, g * group - radius);
    const int64_t high = std::min(output - 1, last_position + radius);
    first.push_back(static_cast<int32_t>(interpolate_aligned(low, scale, input).lower));
    taps = std::max(taps, interpolate_aligned(high, scale, input).upper - first.back() + 1);
  }
  for (int32_t& position : first) position = std::min(position, static_cast<int32_t>(input - taps));

  const int64_t width = std::max(group, 4);
  const int64_t stride = (output + width - 1) / width * width;
  std::vector<double> sums(static_cast<size_t>(taps * stride));
  for (int64_t i = 0; i < output; ++i) {
    const int64_t base = first[static_cast<size_t>(i / group)];
    const auto weight = [&](int64_t position) -> double& {
      return sums[static_cast<size_t>((position - base) * stride + i)];
    };
    for (int64_t tap = 0; tap < static_cast<int64_t>(gaussian.size()); ++tap) {
      const Interpolation at = interpolate_aligned(reflect_index(i + tap - radius, output), scale, input);
      const double share = static_cast<double>(gaussian[static_cast<size_t>(tap)]);
      weight(at.lower) += share * (1.0 - static_cast<double>(at.weight));
      weight(at.upper) += share * static_cast<double>(at.weight);
    }
  }
  const std::vector<float> weights(sums.begin(), sums.end());

  AxisBands bands = {};
  bands.input = static_cast<int>(input);
  bands.output = static_cast<int>(output);
  bands.group = group;
  bands.taps = static_cast<int>(taps);
  bands.stride = static_cast<int>(stride);
  bands.first = append(tables, first);
  bands.weights = append(tables, weights);
  return bands;
}

/// Most input positions that a tile of `tile` output positions needs.
int most_positions(const AxisBands& bands, int tile, const std::vector<uint32_t>& tables) {
  const int groups = (bands.output + bands.group - 1) / bands.group;
  const int per_tile = tile / bands.group;
  const auto first = [&](int group) {
    return static_cast<int>(tables[static_cast<size_t>(bands.first + group)]);
  };
  int most = 0;
  for (int g = 0; g < groups; g += per_tile) {
    most = std::max(most, first(std::min(g + per_tile, groups) - 1) + bands.taps - first(g));
  }
  return most;
}

}  // namespace

SmoothingPlan plan_smoothing(std::span<const MapSize> maps, int64_t height, int64_t width, double sigma) {
  const auto fits = [](int64_t size) { return size >= 1 && size <= 1 << 20; };
  if (maps.empty() || maps.size() > kMaxMaps) {
    throw std::invalid_argument("smoothing: expected 1 to " + std::to_string(kMaxMaps) + " maps; got " +
                                std::to_string(maps.size()));
  }
  if (!fits(height) || !fits(width)) {
    throw std::invalid_argument("smoothing: the output must have 1 to 1048576 rows and columns; got " +
                                describe(height, width));
  }
  if (!std::isfinite(sigma) || sigma <= 0.0) {
    throw std::invalid_argument("smoothing: sigma must be a number above 0; got " + std::to_string(sigma));
  }

  SmoothingPlan plan = {};
  plan.height = static_cast<int>(height);
  plan.width = static_cast<int>(width);
  const std::vector<float> gaussian = gaussian_weights(sigma);
  size_t shared_rows = 0;
  for (const MapSize& size : maps) {
    if (!fits(size.height) || !fits(size.width)) {
      throw std::invalid_argument("smoothing: maps must have 1 to 1048576 rows and columns; got " +
                                  describe(size.height, size.width));
    }
    SmoothingPlan::Map& map = plan.maps[plan.count++];
    map.rows = make_bands(size.height, height, gaussian, kSmoothingGroup, plan.tables);
    map.columns = make_bands(size.width, width, gaussian, 1, plan.tables);
    map.tile_rows = most_positions(map.rows, kSmoothingRows, plan.tables);
    map.tile_columns = most_positions(map.columns, kSmoothingColumns, plan.tables);
    shared_rows += static_cast<size_t>(map.tile_rows);
  }
  plan.shared_bytes = shared_rows * kSmoothingColumns * sizeof(float);
  return plan;
}

}  // namespace reverse_distillation::cuda
