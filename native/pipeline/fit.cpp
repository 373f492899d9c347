#include "pipeline/fit.h"

#include <ATen/ops/arange.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

/// length * numerator / denominator, rounded half up, at least 1.
int64_t scaled(int64_t length, int64_t numerator, int64_t denominator) {
  return std::max<int64_t>(1, (2 * length * numerator + denominator) / (2 * denominator));
}

/// For each place along an axis of the frame, the nearest place in the image at its centre.
at::Tensor nearest(int64_t length, int64_t frame_length) {
  return (at::arange(frame_length, at::kLong) - (frame_length - length) / 2).clamp_(0, length - 1);
}

void require_tile(PixelSize image, const Tiles& tiles) {
  if (image.height >= tiles.height && image.width >= tiles.width) return;
  const auto text = [](int64_t width, int64_t height) {
    return std::to_string(width) + " x " + std::to_string(height);
  };
  throw Error(ErrorCode::kInvalidImage, "An image of " + text(image.width, image.height) +
                                            " pixels is smaller than the tiles of " +
                                            text(tiles.width, tiles.height) + " that it would be cut into.");
}

}  // namespace

PixelView seen_part(const PixelView& pixels, const Frame& frame) {
  if (frame.fit != Fit::kCrop || pixels.fitted) return pixels;
  PixelView part = pixels;
  part.stride = pixels.row_bytes();
  if (pixels.width * frame.height > frame.width * pixels.height) {
    part.width =
        std::max(std::min<int64_t>(2, pixels.width), scaled(pixels.height, frame.width, frame.height));
  } else {
    part.height =
        std::max(std::min<int64_t>(2, pixels.height), scaled(pixels.width, frame.height, frame.width));
  }
  const int64_t left = (pixels.width - part.width) / 4 * 2;
  const int64_t top = (pixels.height - part.height) / 4 * 2;
  part.data += top * part.stride + left * pixels.channels * pixels.sample_bytes;
  return part;
}

PixelSize fitted_size(PixelSize part, const Frame& frame) {
  if (frame.tiles) {
    require_tile(part, *frame.tiles);
    return {scaled(part.height, frame.height, frame.tiles->height),
            scaled(part.width, frame.width, frame.tiles->width)};
  }
  if (frame.fit != Fit::kPad) return {frame.height, frame.width};
  return part.width * frame.height > frame.width * part.height
             ? PixelSize{scaled(part.height, frame.width, part.width), frame.width}
             : PixelSize{frame.height, scaled(part.width, frame.height, part.height)};
}

PixelSize size_in_frame(const PixelView& pixels, const Frame& frame) {
  const PixelSize size = {pixels.height, pixels.width};
  return pixels.fitted ? size : fitted_size(size, frame);
}

at::Tensor fit_values(const PixelView& pixels, const Frame& frame) {
  const PixelSize size = size_in_frame(pixels, frame);
  return resize_values(seen_part(pixels, frame), size.height, size.width);
}

at::Tensor fit_pixels(const PixelView& pixels, const Frame& frame) {
  const PixelSize size = size_in_frame(pixels, frame);
  return resize_pixels(seen_part(pixels, frame), size.height, size.width);
}

bool shares_memory(const at::Tensor& fitted, const PixelView& pixels) {
  const auto* const data = static_cast<const uint8_t*>(fitted.const_data_ptr());
  return data >= pixels.data && data < pixels.data + pixels.height * pixels.row_bytes();
}

at::Tensor pad_to(const at::Tensor& image, const Frame& frame) {
  at::Tensor padded = image;
  if (image.size(0) != frame.height) padded = padded.index_select(0, nearest(image.size(0), frame.height));
  if (image.size(1) != frame.width) padded = padded.index_select(1, nearest(image.size(1), frame.width));
  return padded;
}

at::Tensor without_padding(const at::Tensor& map, PixelSize fitted) {
  const int64_t top = (map.size(0) - fitted.height) / 2, left = (map.size(1) - fitted.width) / 2;
  return map.narrow(0, top, fitted.height).narrow(1, left, fitted.width);
}

}  // namespace reverse_distillation
