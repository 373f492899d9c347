#include "pipeline/outlines.h"

#include <utility>

#include "core/cancel_token.h"

namespace reverse_distillation {

Outlines::Outlines(const Runs& runs) : runs_(runs), links_(runs.keys.size()) {
  for (size_t row = 0; row + 1 < runs.rows(); ++row) {
    throw_if_cancelled();
    link_rows(row);
  }
}

/// Links the edges of a row and of the row below it along the line between them. An outline runs along the
/// line where only one of the rows has pixels: from every second edge to the next, counted from the left.
///
/// Of edges at the same place, left sides come first. So the outlines through a corner that two pixels share
/// lead from one pixel to the other: such pixels are connected.
void Outlines::link_rows(size_t row) {
  const uint32_t* const keys = runs_.keys.data();
  int32_t upper = 2 * runs_.first[row];
  int32_t lower = 2 * runs_.first[row + 1];
  struct Step {
    int32_t edge;
    int32_t leaves;  ///< 1 if the outline leaves the line along this edge, 0 if it arrives.
  };
  // Written without branches, because they could not be predicted.
  const auto step = [&]() -> Step {
    const auto is_lower = static_cast<int32_t>(keys[lower] < keys[upper]);
    const int32_t edge = is_lower != 0 ? lower : upper;
    lower += is_lower;
    upper += 1 - is_lower;
    return {edge, (edge & 1) ^ (1 - is_lower)};
  };
  // The last run of each row is none.
  const int32_t runs = runs_.first[row + 2] - runs_.first[row] - 2;
  size_t corners = 0;
  for (int32_t i = 0; i < runs; ++i) {
    const Step left = step();
    const Step right = step();
    const int32_t swap = (left.edge ^ right.edge) & -left.leaves;
    links_[static_cast<size_t>(left.edge ^ swap)] = right.edge ^ swap;
    corners += runs_.column(left.edge) == runs_.column(right.edge) ? 0 : 2;
  }
  corners_ += corners;
}

int32_t* Outlines::trace(int32_t edge, int32_t row, int32_t region, int32_t* corners) {
  int32_t line = row + edge % 2;  // A left side ends above its row, and a right side below.
  while (!traced(edge)) {
    const int32_t next = std::exchange(links_[static_cast<size_t>(edge)], ~region);
    const int32_t from = runs_.column(edge);
    const int32_t to = runs_.column(next);
    if (from != to) {
      for (const int32_t value : {from, line, to, line}) *corners++ = value;
    }
    line += next % 2 == 0 ? -1 : 1;
    edge = next;
  }
  return corners;
}

}  // namespace reverse_distillation
