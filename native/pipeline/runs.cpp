#include "pipeline/runs.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "core/cancel_token.h"
#include "core/error.h"
#include "core/vectorise.h"

namespace reverse_distillation {

namespace {

constexpr int64_t kWord = 64;

/// What a row of a map holds.
struct Row {
  bool finite;
  int64_t considered;
};

/// Writes 1 for each value that is in the region of interest and at or above the threshold, and 0 for others.
RD_VECTORISED Row mark(const float* values, const uint8_t* mask, int64_t count, float threshold,
                       uint8_t* marks) {
  int32_t infinite = 0;
  for (int64_t i = 0; i < count; ++i) {
    marks[i] = static_cast<uint8_t>(values[i] >= threshold);
    infinite |= static_cast<int32_t>(!(std::fabs(values[i]) <= std::numeric_limits<float>::max()));
  }
  int32_t considered = 0;
  if (mask != nullptr) {
    for (int64_t i = 0; i < count; ++i) {
      const auto inside = static_cast<uint8_t>(mask[i] != 0);
      marks[i] &= inside;
      considered += inside;
    }
  }
  return {infinite == 0, mask == nullptr ? count : considered};
}

/// 64 marks as bits, the first in the lowest.
uint64_t pack(const uint8_t* marks) {
  uint64_t bits = 0;
  for (int byte = 0; byte < 8; ++byte) {
    uint64_t eight;
    std::memcpy(&eight, marks + 8 * byte, sizeof(eight));
    // Every product of a mark and a one of the factor has a bit of its own; the highest byte gathers the
    // marks.
    bits |= (eight * 0x0102040810204080U >> 56) << (8 * byte);
  }
  return bits;
}

/// Appends the keys of a row's edges, which are the places where a mark differs from the one before.
uint32_t* append_edges(const std::vector<uint8_t>& marks, uint32_t* keys) {
  uint64_t before = 0;
  uint32_t side = 0;
  for (size_t at = 0; at < marks.size(); at += kWord) {
    const uint64_t bits = pack(marks.data() + at);
    for (uint64_t edges = bits ^ (bits << 1 | before); edges != 0; edges &= edges - 1) {
      *keys++ = 2 * static_cast<uint32_t>(at + static_cast<size_t>(std::countr_zero(edges))) + side;
      side ^= 1;
    }
    before = bits >> (kWord - 1);
  }
  return keys;
}

/// The smallest float at or above a value: floats are at or above both or neither.
float smallest_float_from(double value) {
  const auto nearest = static_cast<float>(value);
  return static_cast<double>(nearest) < value
             ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
             : nearest;
}

[[noreturn]] void throw_not_finite(const float* values, int64_t y) {
  int64_t x = 0;
  while (std::isfinite(values[x])) ++x;
  const char* const name = std::isnan(values[x]) ? "NaN" : values[x] > 0.0F ? "Infinity" : "-Infinity";
  throw Error(ErrorCode::kInvalidArgument, std::string("A map must have finite values, but this one has ") +
                                               name + " in row " + std::to_string(y) + ", column " +
                                               std::to_string(x) + ", counted from 0.");
}

}  // namespace

Runs find_runs(const MapView& map, double threshold) {
  const float least = smallest_float_from(threshold);
  // One mark more than pixels, so that a run that reaches the last column ends too.
  std::vector<uint8_t> marks(static_cast<size_t>((map.width + kWord) / kWord * kWord));
  std::vector<uint32_t> edges(static_cast<size_t>(map.width) + 3);
  Runs runs;
  runs.first.reserve(static_cast<size_t>(map.height) + 3);
  const auto end_row = [&](uint32_t* end) {
    *end++ = Runs::kNone;
    *end++ = Runs::kNone;
    runs.keys.insert(runs.keys.end(), edges.data(), end);
    runs.first.push_back(static_cast<int32_t>(runs.keys.size() / 2));
  };
  runs.first.push_back(0);
  end_row(edges.data());
  for (int64_t y = 0; y < map.height; ++y) {
    throw_if_cancelled();
    const float* const values = map.data + y * map.width;
    const uint8_t* const mask = map.mask == nullptr ? nullptr : map.mask + y * map.width;
    const Row row = mark(values, mask, map.width, least, marks.data());
    if (!row.finite) throw_not_finite(values, y);
    runs.considered += row.considered;
    end_row(append_edges(marks, edges.data()));
  }
  end_row(edges.data());
  return runs;
}

}  // namespace reverse_distillation
