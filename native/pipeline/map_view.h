#pragma once

#include <cstdint>

namespace reverse_distillation {

/// An anomaly map in memory of its caller: height x width values, row by row from the top.
struct MapView {
  const float* data = nullptr;
  int64_t height = 0;
  int64_t width = 0;
  /// The region of interest, of the map's size: pixels with 0 do not belong to it. Null: all do.
  const uint8_t* mask = nullptr;

  int64_t pixels() const { return height * width; }
};

}  // namespace reverse_distillation
