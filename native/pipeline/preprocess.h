#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "core/config.h"
#include "pipeline/pixel_view.h"

namespace reverse_distillation {

/// Resizes pixels to RGB of height x width (antialiased and bilinear, as PIL and torchvision do). Returns
/// [height, width, 3]: uint8, rounded, if the view holds uint8, else float32 from 0 to 255.
/// The result shares the caller's memory if nothing has to change.
at::Tensor resize_pixels(const PixelView& pixels, int64_t height, int64_t width);

/// Like `resize_pixels`, but values of more than 8 bits keep their own range: black and white are not
/// applied.
at::Tensor resize_values(const PixelView& pixels, int64_t height, int64_t width);

/// Stacks resized images, each [height, width, 3], to one batch [N, height, width, 3]: uint8, or float32 if
/// one of them is.
at::Tensor stack_pixels(const std::vector<at::Tensor>& images);

/// How a pixel value of 0 to 255 in channel c is normalised: pixel * scale[c] + shift[c].
struct PixelScaling {
  std::array<double, 3> scale;
  std::array<double, 3> shift;
};
PixelScaling pixel_scaling(Normalisation normalisation);

/// uint8 or float32 [N, H, W, 3] -> float32 [N, 3, H, W], channels-last: pixels / 255 and, unless the
/// normalisation is `kNone`, minus ImageNet's mean, divided by its standard deviation.
at::Tensor normalise(const at::Tensor& pixels, Normalisation normalisation = Normalisation::kImageNet);

}  // namespace reverse_distillation
