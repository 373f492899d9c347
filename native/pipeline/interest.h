#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/fit.h"
#include "pipeline/pixel_view.h"

namespace reverse_distillation {

// A region of interest is a mask of the part of an image that its map shows: one byte per pixel of the map,
// row by row, 0 outside. In the networks' input, padding lies outside too: it shows nothing of the image.

/// Copies an image's mask into a tensor [height, width], uint8 of 0 and 1. Undefined if the image has none.
/// Throws `Error(kInvalidArgument)` if the mask is not of this size.
at::Tensor mask_of(const PixelView& image, int64_t height, int64_t width);

/// What counts of an image that has `size` in the networks' input.
struct Interest {
  PixelSize size;
  at::Tensor
      mask;  ///< uint8 [size.height, size.width], as `mask_of` returns it; undefined: all of the image.
};

/// What counts in the networks' input, for a batch of images: uint8 [N, frame.height, frame.width], or
/// [1, ...] if it is the same for all (their masks are one tensor); 0 in padding. Undefined if everything
/// counts.
at::Tensor masks_in_frame(const std::vector<Interest>& images, const Frame& frame);

/// The shares of the cells of a grid that lie inside: float32 [N, height, width], the means of the pixels of
/// masks [N, H, W], whose sides are multiples of the grid's.
at::Tensor interest_shares(const at::Tensor& masks, int64_t height, int64_t width);

}  // namespace reverse_distillation
