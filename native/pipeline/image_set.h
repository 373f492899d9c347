#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/fit.h"
#include "pipeline/tiling.h"

namespace reverse_distillation {

/// Images for one input of the networks, resized once and held for training without padding: as 8-bit RGB (3
/// bytes per pixel), or as float32 RGB (12 bytes per pixel) if an image has more than 8 bits. What is trained
/// on are their tiles, of which an image has one unless the frame says otherwise. Not synchronised: one
/// thread at a time.
class ImageSet {
 public:
  explicit ImageSet(const Frame& frame) : frame_(frame) {}

  /// Resizes the image and keeps a copy; the caller's memory is not needed afterwards.
  void add(const PixelView& pixels);

  /// Replaces the black and white of all images with more than 8 bits.
  void set_levels(double black, double white);

  /// An image of the set, at the size that it has in the frame.
  struct Image {
    at::Tensor values;  ///< uint8 or float32 [height, width, 3], as `fit_values` returns it.
    double black;       ///< float32 only; see `PixelView`.
    double white;
    at::Tensor
        mask;  ///< uint8 [height, width], the region of interest as `mask_of` returns it, or undefined.
  };

  /// Removes images by their numbers, which are in ascending order, and returns them.
  std::vector<Image> take_out(const std::vector<int64_t>& indices);
  int64_t images() const { return static_cast<int64_t>(images_.size()); }

  /// The tiles at `indices` (int64 [B]): uint8 [B, height, width, 3], or float32 if one of them has more than
  /// 8 bits.
  at::Tensor batch(const at::Tensor& indices) const;

  /// What counts of the tiles at `indices`, as `masks_in_frame` returns it: uint8 [B, height, width], or
  /// [1, height, width] if it is the same for all. Undefined if everything counts.
  at::Tensor masks(const at::Tensor& indices) const;

  /// The number of tiles. Those outside of the region of interest are left out.
  int64_t size() const { return static_cast<int64_t>(inputs_.size()); }
  int64_t height() const { return frame_.height; }
  int64_t width() const { return frame_.width; }

 private:
  struct Input {
    size_t image;
    Tile tile;
  };

  void add_tiles(size_t image);
  const Input& at(const at::Tensor& indices, int64_t i) const;

  Frame frame_;
  std::vector<Image> images_;
  std::vector<Input> inputs_;
};

}  // namespace reverse_distillation
