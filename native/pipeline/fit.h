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
  std::optional<Tiles> tiles = {};

  explicit Frame(const ModelConfig& config)
      : height(config.height), width(config.width), fit(config.fit), tiles(config.tiles) {}
  Frame(int64_t height, int64_t width, Fit fit = Fit::kStretch, std::optional<Tiles> tiles = {})
      : height(height), width(width), fit(fit), tiles(tiles) {}
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
/// with tiles the one in which a tile is as large as the frame, otherwise the frame's. Throws
/// `Error(kInvalidImage)` if the part is smaller than a tile.
PixelSize fitted_size(PixelSize part, const Frame& frame);

/// `resize_values` and `resize_pixels` of the part that the networks see, to the size that it has in the
/// frame. An image that is fitted already keeps its size.
at::Tensor fit_values(const PixelView& pixels, const Frame& frame);
at::Tensor fit_pixels(const PixelView& pixels, const Frame& frame);

/// Whether the result of `fit_values` lies in the memory of the pixels.
bool shares_memory(const at::Tensor& fitted, const PixelView& pixels);

/// Centres an image [height, width, 3] in the frame. Its outermost pixels continue to the frame's edges, so
/// that no new edge appears in the picture.
at::Tensor pad_to(const at::Tensor& image, const Frame& frame);

/// The part of a map [frame.height, frame.width] that does not show padding. Shares its memory.
at::Tensor without_padding(const at::Tensor& map, PixelSize fitted);

/// The size that an image has in the frame: its own if it is fitted already.
PixelSize size_in_frame(const PixelView& pixels, const Frame& frame);

}  // namespace reverse_distillation
