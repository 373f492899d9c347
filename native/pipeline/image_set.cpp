#include "pipeline/image_set.h"

#include <ATen/ops/equal.h>

#include <utility>

#include "core/error.h"
#include "pipeline/deep_resize.h"
#include "pipeline/interest.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

bool is_equal(const at::Tensor& mask, const at::Tensor& other) {
  return other.defined() && mask.sizes() == other.sizes() && at::equal(mask, other);
}

}  // namespace

void ImageSet::add(const PixelView& pixels) {
  at::Tensor values = fit_values(pixels, frame_);
  at::Tensor mask = mask_of(pixels, values.size(0), values.size(1));
  // Most sets have one region of interest for all of their images.
  if (mask.defined() && !images_.empty() && is_equal(mask, images_.back().mask)) mask = images_.back().mask;
  images_.push_back({shares_memory(values, pixels) ? values.clone() : std::move(values), pixels.black,
                     pixels.white, std::move(mask)});
  add_tiles(images_.size() - 1);
}

void ImageSet::add_tiles(size_t image) {
  const auto& [values, black, white, mask] = images_[image];
  for (const Tile& tile : Tiling({values.size(0), values.size(1)}, frame_).tiles()) {
    const bool inside = !mask.defined() || cut(mask, tile).any().item<bool>();
    if (inside) inputs_.push_back({image, tile});
  }
}

void ImageSet::set_levels(double black, double white) {
  for (Image& image : images_) {
    image.black = black;
    image.white = white;
  }
}

std::vector<ImageSet::Image> ImageSet::take_out(const std::vector<int64_t>& indices) {
  std::vector<Image> taken, kept;
  auto next = indices.begin();
  for (int64_t i = 0; i < images(); ++i) {
    const bool chosen = next != indices.end() && *next == i;
    (chosen ? taken : kept).push_back(images_[static_cast<size_t>(i)]);
    if (chosen) ++next;
  }
  if (next != indices.end()) {
    throw Error(ErrorCode::kInvalidArgument, "The indices are not ascending numbers of images.");
  }
  images_ = std::move(kept);
  inputs_.clear();
  for (size_t i = 0; i < images_.size(); ++i) add_tiles(i);
  return taken;
}

at::Tensor ImageSet::batch(const at::Tensor& indices) const {
  std::vector<at::Tensor> chosen;
  chosen.reserve(static_cast<size_t>(indices.numel()));
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const auto& [image, tile] = at(indices, i);
    const auto& [values, black, white, mask] = images_[image];
    const at::Tensor pixels = pad_to(cut(values, tile), frame_);
    chosen.push_back(pixels.scalar_type() == at::kByte ? pixels : to_levels(pixels, black, white));
  }
  return stack_pixels(chosen);
}

at::Tensor ImageSet::masks(const at::Tensor& indices) const {
  std::vector<Interest> chosen;
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const auto& [image, tile] = at(indices, i);
    const at::Tensor& mask = images_[image].mask;
    chosen.push_back({{tile.height, tile.width}, mask.defined() && frame_.tiles ? cut(mask, tile) : mask});
  }
  return masks_in_frame(chosen, frame_);
}

const ImageSet::Input& ImageSet::at(const at::Tensor& indices, int64_t i) const {
  return inputs_.at(static_cast<size_t>(indices[i].item<int64_t>()));
}

}  // namespace reverse_distillation
