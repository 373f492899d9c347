#include "pipeline/outlines.h"

#include <utility>

#include "core/cancel_token.h"
#include "core/vectorise.h"
#include "pipeline/bits.h"

namespace reverse_distillation {

namespace {

/// 64 places along the line between two rows, as bits: `above` and `below` are the pixels to the right of
/// them, `above_left` and `below_left` those to the left.
///
/// A segment lies where only one of the rows has pixels, and ends where that changes or at a saddle: a corner
/// that two pixels share. There, its two outlines lead from one pixel to the other, because such pixels are
/// connected: the segment on the left ends at the left side, and that on the right begins at the right side.
struct Places {
  uint64_t above, below, above_left, below_left;

  RD_INLINE uint64_t segment() const { return above ^ below; }
  RD_INLINE uint64_t segment_left() const { return above_left ^ below_left; }
  RD_INLINE uint64_t upper_side() const { return above ^ above_left; }
  RD_INLINE uint64_t saddle() const { return segment() & segment_left() & upper_side(); }
  /// Where segments begin and end, as seen from the left.
  RD_INLINE uint64_t begins() const { return segment() & (~segment_left() | saddle()); }
  RD_INLINE uint64_t ends() const { return segment_left() & (~segment() | saddle()); }
  /// Whether the vertical line at the beginning or end of a segment goes up.
  RD_INLINE uint64_t begin_goes_up() const { return upper_side() & ~(saddle() & above); }
  RD_INLINE uint64_t end_goes_up() const { return upper_side() & ~(saddle() & ~above); }
};

/// Calls `visit(i, places)` for each word of a line that has a segment, or where one ends.
template <typename Visit>
RD_INLINE void for_each_word(const uint64_t* above, const uint64_t* below, size_t words, const Visit& visit) {
  uint64_t above_before = 0, below_before = 0;
  for (size_t i = 0; i < words; ++i) {
    const Places places = {above[i], below[i], above[i] << 1 | above_before, below[i] << 1 | below_before};
    // Most words of most maps have none.
    if ((places.segment() | places.segment_left()) != 0) visit(i, places);
    above_before = above[i] >> (kWord - 1);
    below_before = below[i] >> (kWord - 1);
  }
}

RD_VECTORISED size_t count_segments(const uint64_t* above, const uint64_t* below, size_t words) {
  size_t count = 0;
  for_each_word(above, below, words, [&](size_t, const Places& places) {
    count += static_cast<size_t>(std::popcount(places.begins()));
  });
  return count;
}

/// An end of a segment: its place, times 4; plus 2 if the pixels are above the segment; plus 1 if its
/// vertical line goes up.
using End = int32_t;
RD_INLINE End make_end(int32_t place, uint64_t above, uint64_t up) {
  return place << 2 | static_cast<int32_t>((above & 1) << 1 | (up & 1));
}

/// Writes the ends of a line's segments from the left. Returns the number of segments.
RD_VECTORISED int32_t write_ends(const uint64_t* above, const uint64_t* below, size_t words, End* begins,
                                 End* ends) {
  End* const first = begins;
  for_each_word(above, below, words, [&](size_t i, const Places& places) {
    const auto at = static_cast<int32_t>(kWord * i);
    const uint64_t begin_up = places.begin_goes_up(), end_up = places.end_goes_up();
    const uint64_t right = places.above, left = places.above_left;
    begins = append_ones(places.begins(), begins,
                         [&](int bit) { return make_end(at + bit, right >> bit, begin_up >> bit); });
    ends = append_ones(places.ends(), ends,
                       [&](int bit) { return make_end(at + bit, left >> bit, end_up >> bit); });
  });
  return static_cast<int32_t>(begins - first);
}

/// Below pixels, a segment goes to the left: swaps the ends of those.
RD_VECTORISED void direct(End* begins, End* ends, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t swapped = (begins[i] ^ ends[i]) & -(begins[i] >> 1 & 1);
    begins[i] ^= swapped;
    ends[i] ^= swapped;
  }
}

/// `if_one` if the lowest bit is 1, otherwise `if_zero`. Never a branch, because it could not be predicted.
RD_INLINE int32_t choose(int32_t bit, int32_t if_one, int32_t if_zero) {
  return if_zero ^ ((if_one ^ if_zero) & -(bit & 1));
}

}  // namespace

/// The segments along a line.
struct Outlines::Line {
  explicit Line(size_t places) : from(places + kAppendSlack), to(places + kAppendSlack) {}

  void find(const uint64_t* above, const uint64_t* below, size_t words) {
    count = write_ends(above, below, words, from.data(), to.data());
    direct(from.data(), to.data(), count);
  }

  /// Where each comes from, and where it goes.
  std::vector<End> from, to;
  int32_t count = 0;
};

void Outlines::find(const Runs& runs) {
  open_.assign(static_cast<size_t>(runs.width) + 2, 0);
  count_ = 0;
  const std::vector<uint64_t> none(runs.words);
  const auto row = [&](int64_t y) { return y < 0 || y == runs.height ? none.data() : runs.row(y); };
  const auto is_empty = [&](int64_t y) { return y < 0 || y == runs.height || runs.is_empty(y); };
  // Most lines of most maps lie between rows without runs.
  const auto has_segments = [&](int64_t y) { return !is_empty(y - 1) || !is_empty(y); };
  for (int64_t y = 0; y <= runs.height; ++y) {
    if (has_segments(y)) count_ += count_segments(row(y - 1), row(y), runs.words);
  }
  segments_.take(count_);
  links_.take(count_ + 1);
  lefts_.take(static_cast<size_t>(runs.first.back()));
  rights_.take(static_cast<size_t>(runs.first.back()));
  Line line(runs.words * kWord);
  int32_t first = 0;
  for (int64_t y = 0; y <= runs.height; ++y) {
    throw_if_cancelled();
    if (!has_segments(y)) continue;
    line.find(row(y - 1), row(y), runs.words);
    link(line, static_cast<int32_t>(y), first);
    first += line.count;
    if (y == runs.height) break;
    const auto end = static_cast<size_t>(runs.first[static_cast<size_t>(y) + 1]);
    for (auto run = static_cast<size_t>(runs.first[static_cast<size_t>(y)]); run < end; ++run) {
      lefts_[run] = open_[static_cast<size_t>(runs.starts[run])];
      rights_[run] = open_[static_cast<size_t>(runs.ends[run])];
    }
  }
}

/// Links the segments of a line to those at the upper ends of the vertical lines that end here.
void Outlines::link(const Line& line, int32_t y, int32_t first) {
  const auto no_segment = static_cast<int32_t>(count_);
  const auto no_place = static_cast<int32_t>(open_.size() - 1);
  const auto count = static_cast<size_t>(line.count);
  const End* const from = line.from.data();
  const End* const to = line.to.data();
  Segment* const segments = segments_.data() + first;
  int32_t* const links = links_.data();
  int32_t* const open = open_.data();
  // At a saddle, a vertical line ends where another one begins, so all that end come first.
  for (size_t i = 0; i < count; ++i) {
    const int32_t segment = first + static_cast<int32_t>(i);
    links[choose(from[i], open[from[i] >> 2], no_segment)] = segment;
    // If the vertical line goes down, the link is set where that ends.
    links[segment] = open[to[i] >> 2];
    segments[i] = {y, to[i] >> 2};
  }
  for (size_t i = 0; i < count; ++i) {
    const int32_t segment = first + static_cast<int32_t>(i);
    open[choose(from[i], no_place, from[i] >> 2)] = segment;
    open[choose(to[i], no_place, to[i] >> 2)] = segment;
  }
}

int32_t* Outlines::trace(int32_t segment, int32_t region, int32_t* traced) {
  while (links_[static_cast<size_t>(segment)] >= 0) {
    const Segment& passed = segments_[static_cast<size_t>(segment)];
    *traced++ = passed.y;
    *traced++ = passed.end_x;
    segment = std::exchange(links_[static_cast<size_t>(segment)], ~region);
  }
  return traced;
}

}  // namespace reverse_distillation
