#pragma once

#include <ATen/core/Tensor.h>

#include "pipeline/pixel_view.h"

namespace reverse_distillation {

/// Converts a Bayer pattern of at least 2 x 2 pixels to RGB, bilinearly: a missing colour is the mean of its
/// 2 or 4 nearest neighbours, rounded half up. The picture is mirrored at its borders without repeating them,
/// so that the pattern continues. Returns [height, width, 3] of the view's type, uint8 or uint16.
at::Tensor demosaic(const PixelView& pixels);

}  // namespace reverse_distillation
