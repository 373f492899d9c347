#pragma once

#include <ATen/core/Tensor.h>

#include "core/config.h"
#include "pipeline/pixel_view.h"

namespace reverse_distillation {

/// The networks' input, and how images that are not of its proportions come into it. lib/image/fit.ts says
/// the same.
struct Frame {
  int64_t height;
  int64_t width;
  Fit fit = Fit::kStretch;

  explicit Frame(const ModelConfig& config) : height(config.height), width(config.width), fit(config.fit) {}
  Frame(int64_t height, int64_t width, Fit fit = Fit::kStretch) : height(height), width(width), fit(fit) {}
};

struct PixelSize {
  int64_t height;
  int64_t width;
  bool operator==(const PixelSize&) const = default;
};

/// The part of an image that the networks see, as a view of the same memory: for `kCrop` the largest in the
/// centre with the frame's proportions, otherwise the whole image. It begins at an even row and column, so
/// that a Bayer pattern keeps its order.
PixelView seen_part(const PixelView& pixels, const Frame& frame);

/// The size that a part of an image has in the frame: for `kPad` the largest with the part's proportions,
/// otherwise the frame's. A part that has this size already keeps it.
PixelSize fitted_size(PixelSize part, const Frame& frame);

/// `resize_values` and `resize_pixels` of the part that the networks see, to the size that it has in the
/// frame.
at::Tensor fit_values(const PixelView& pixels, const Frame& frame);
at::Tensor fit_pixels(const PixelView& pixels, const Frame& frame);

/// Whether the result of `fit_values` lies in the memory of the pixels.
bool shares_memory(const at::Tensor& fitted, const PixelView& pixels);

/// Centres an image [height, width, 3] in the frame. Its outermost pixels continue to the frame's edges, so
/// that no new edge appears in the picture.
at::Tensor pad_to(const at::Tensor& image, const Frame& frame);

/// The part of a map [frame.height, frame.width] that does not show padding. Shares its memory.
at::Tensor without_padding(const at::Tensor& map, PixelSize fitted);

/// The size that an image of any size has in the frame.
PixelSize size_in_frame(const PixelView& pixels, const Frame& frame);

}  // namespace reverse_distillation
