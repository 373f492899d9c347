#include "pipeline/outlines.h"

#include <utility>

namespace reverse_distillation {

int32_t* Outlines::trace(int32_t edge, int32_t line, int32_t* corners) {
  while (!traced(edge)) {
    const int32_t next = std::exchange(next_[static_cast<size_t>(edge)], kTraced);
    const int32_t from = runs_.column(edge);
    const int32_t to = runs_.column(next);
    corners[0] = from;
    corners[1] = line;
    corners[2] = to;
    corners[3] = line;
    // Equal columns go straight on, without a corner.
    corners += from == to ? 0 : 4;
    line += next % 2 == 0 ? -1 : 1;
    edge = next;
  }
  return corners;
}

}  // namespace reverse_distillation
