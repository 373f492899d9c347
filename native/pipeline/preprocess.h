#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "core/config.h"

namespace reverse_distillation {

/// Pixels in the caller's memory: 8 bits, rows from the top, channels interleaved, no padding.
struct PixelView {
  const uint8_t* data;
  int64_t width;
  int64_t height;
  int64_t channels;  ///< 1: grey, 3: RGB, 4: RGB and alpha, which is dropped.
};

/// Resizes pixels to RGB of height x width (antialiased, bilinear, rounded to 8 bits, as PIL and torchvision
/// do). Returns uint8 [height, width, 3], which shares the caller's memory if nothing has to change.
at::Tensor resize_pixels(const PixelView& pixels, int64_t height, int64_t width);

/// How a pixel value of 0 to 255 in channel c is normalised: pixel * scale[c] + shift[c].
struct PixelScaling {
  std::array<double, 3> scale;
  std::array<double, 3> shift;
};
PixelScaling pixel_scaling(Normalisation normalisation);

/// uint8 [N, H, W, 3] -> float32 [N, 3, H, W], channels-last: pixels / 255 and, unless the normalisation is
/// `kNone`, minus ImageNet's mean, divided by its standard deviation.
at::Tensor normalise(const at::Tensor& pixels, Normalisation normalisation = Normalisation::kImageNet);

}  // namespace reverse_distillation
