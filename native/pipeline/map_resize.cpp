#include "pipeline/map_resize.h"

#include "pipeline/triangle_filter.h"

namespace reverse_distillation {

at::Tensor resize_map(const MapView& map, int64_t height, int64_t width) {
  const auto row = [&](int64_t y) { return map.data + y * map.width; };
  return resize_by_triangle(row, map.height, map.width, 1, height, width).view({height, width});
}

}  // namespace reverse_distillation
