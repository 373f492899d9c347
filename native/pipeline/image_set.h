#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/preprocess.h"

namespace reverse_distillation {

/// Images of one size, resized once and held as 8-bit RGB (3 bytes per pixel) for training. Not synchronised:
/// one thread at a time.
class ImageSet {
 public:
  /// height, width: size of the networks' input, in pixels.
  ImageSet(int64_t height, int64_t width) : height_(height), width_(width) {}

  /// Resizes the image and keeps a copy; the caller's memory is not needed afterwards.
  void add(const PixelView& pixels);

  /// The images at `indices` (int64 [B]): uint8 [B, height, width, 3].
  at::Tensor batch(const at::Tensor& indices) const;

  int64_t size() const { return static_cast<int64_t>(images_.size()); }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }

 private:
  int64_t height_;
  int64_t width_;
  std::vector<at::Tensor> images_;
};

}  // namespace reverse_distillation
