#include "pipeline/deep_resize.h"

#include <ATen/ops/from_blob.h>

#include "pipeline/triangle_filter.h"

namespace reverse_distillation {

namespace {

template <typename Sample>
at::Tensor resize_samples(const PixelView& pixels, int64_t height, int64_t width) {
  const auto row = [&](int64_t y) {
    return reinterpret_cast<const Sample*>(pixels.data + y * pixels.row_bytes());
  };
  return resize_by_triangle(row, pixels.height, pixels.width, pixels.channels, height, width);
}

}  // namespace

at::Tensor resize_deep(const PixelView& pixels, int64_t height, int64_t width) {
  if (pixels.sample_bytes == 2) return resize_samples<uint16_t>(pixels, height, width);
  if (pixels.height != height || pixels.width != width) return resize_samples<float>(pixels, height, width);
  // LibTorch wants mutable pixels; nothing here writes to them.
  auto* const values = reinterpret_cast<float*>(const_cast<uint8_t*>(pixels.data));
  return at::from_blob(values, {height, width, pixels.channels},
                       {pixels.row_bytes() / pixels.sample_bytes, pixels.channels, 1}, at::kFloat);
}

at::Tensor to_levels(const at::Tensor& values, double black, double white) {
  return ((values - black) * (255.0 / (white - black))).clamp_(0.0, 255.0);
}

}  // namespace reverse_distillation
