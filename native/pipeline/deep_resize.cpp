#include "pipeline/deep_resize.h"

#include "pipeline/triangle_filter.h"

namespace reverse_distillation {

at::Tensor resize_deep(const PixelView& pixels, int64_t height, int64_t width) {
  const auto row = [&](int64_t y) {
    return reinterpret_cast<const uint16_t*>(pixels.data + y * pixels.row_bytes());
  };
  return resize_by_triangle(row, pixels.height, pixels.width, pixels.channels, height, width);
}

at::Tensor to_levels(const at::Tensor& values, double black, double white) {
  return ((values - black) * (255.0 / (white - black))).clamp_(0.0, 255.0);
}

}  // namespace reverse_distillation
