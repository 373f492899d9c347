#pragma once

#include <ATen/core/Tensor.h>

#include "pipeline/pixel_view.h"

namespace reverse_distillation {

/// The antialiased bilinear resize of `resize_pixels` for uint16 and float32, without rounding. The view must
/// not be Bayer. Returns the view's own values as float32 [height, width, channels], in the caller's memory
/// if nothing has to change.
at::Tensor resize_deep(const PixelView& pixels, int64_t height, int64_t width);

/// Maps values linearly so that black becomes 0 and white 255, and limits them to that range.
at::Tensor to_levels(const at::Tensor& values, double black, double white);

}  // namespace reverse_distillation
