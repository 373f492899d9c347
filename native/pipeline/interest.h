#pragma once

#include <ATen/core/Tensor.h>

#include "pipeline/pixel_view.h"

namespace reverse_distillation {

// A region of interest is a mask of the part of an image that its map shows: one byte per pixel of the map,
// row by row, 0 outside.

/// Copies an image's mask into a tensor [height, width], uint8 of 0 and 1. Undefined if the image has none.
/// Throws `Error(kInvalidArgument)` if the mask is not of this size.
at::Tensor mask_of(const PixelView& image, int64_t height, int64_t width);

/// Centres a mask [height, width] in a larger one.
at::Tensor pad_with_zeros(const at::Tensor& mask, int64_t height, int64_t width);

/// The shares of the cells of a grid that lie inside: float32 [N, height, width], the means of the pixels of
/// masks [N, H, W], whose sides are multiples of the grid's.
at::Tensor interest_shares(const at::Tensor& masks, int64_t height, int64_t width);

}  // namespace reverse_distillation
