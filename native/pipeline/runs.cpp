#include "pipeline/runs.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "core/cancel_token.h"
#include "core/error.h"
#include "core/vectorise.h"
#include "pipeline/bits.h"

namespace reverse_distillation {

namespace {

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
RD_INLINE uint64_t pack(const uint8_t* marks) {
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

/// Packs the marks of a row. Returns the number of its runs.
RD_VECTORISED int32_t pack_row(const uint8_t* marks, size_t words, uint64_t* bits) {
  uint64_t before = 0;
  int32_t runs = 0;
  for (size_t i = 0; i < words; ++i) {
    bits[i] = pack(marks + kWord * i);
    runs += std::popcount(bits[i] & ~(bits[i] << 1 | before));
    before = bits[i] >> (kWord - 1);
  }
  return runs;
}

RD_VECTORISED void write_sides(const uint64_t* bits, size_t words, int32_t* starts, int32_t* ends) {
  uint64_t before = 0;
  for (size_t i = 0; i < words; ++i) {
    const uint64_t shifted = bits[i] << 1 | before;
    if (bits[i] != shifted) {
      const auto place = [at = static_cast<int32_t>(kWord * i)](int bit) { return at + bit; };
      starts = append_ones(bits[i] & ~shifted, starts, place);
      ends = append_ones(shifted & ~bits[i], ends, place);
    }
    before = bits[i] >> (kWord - 1);
  }
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

void find_bits(const MapView& map, float threshold, Runs& runs) {
  std::vector<uint8_t> marks(runs.words * kWord);
  int32_t count = 0;
  for (int64_t y = 0; y < map.height; ++y) {
    throw_if_cancelled();
    const float* const values = map.data + y * map.width;
    const uint8_t* const mask = map.mask == nullptr ? nullptr : map.mask + y * map.width;
    const Row row = mark(values, mask, map.width, threshold, marks.data());
    if (!row.finite) throw_not_finite(values, y);
    runs.considered += row.considered;
    runs.first.push_back(count);
    count += pack_row(marks.data(), runs.words, runs.bits.data() + static_cast<size_t>(y) * runs.words);
  }
  runs.first.push_back(count);
}

}  // namespace

void Runs::find(const MapView& map, double threshold) {
  height = map.height;
  width = map.width;
  words = static_cast<size_t>(map.width) / kWord + 1;
  bits.resize(static_cast<size_t>(map.height) * words);
  first.clear();
  considered = 0;
  find_bits(map, smallest_float_from(threshold), *this);
  const size_t count = static_cast<size_t>(first.back()) + kAppendSlack;
  int32_t* const all_starts = starts.take(count);
  int32_t* const all_ends = ends.take(count);
  for (int64_t y = 0; y < map.height; ++y) {
    if (is_empty(y)) continue;
    const auto begin = static_cast<size_t>(first[static_cast<size_t>(y)]);
    write_sides(row(y), words, all_starts + begin, all_ends + begin);
  }
}

}  // namespace reverse_distillation
