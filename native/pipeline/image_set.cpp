#include "pipeline/image_set.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>

#include <algorithm>
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
  for (int64_t i = 0; i < size(); ++i) {
    const bool chosen = next != indices.end() && *next == i;
    (chosen ? taken : kept).push_back(images_[static_cast<size_t>(i)]);
    if (chosen) ++next;
  }
  if (next != indices.end()) {
    throw Error(ErrorCode::kInvalidArgument, "The indices are not ascending numbers of images.");
  }
  images_ = std::move(kept);
  return taken;
}

at::Tensor ImageSet::batch(const at::Tensor& indices) const {
  std::vector<at::Tensor> chosen;
  chosen.reserve(static_cast<size_t>(indices.numel()));
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const auto& [values, black, white, mask] = at(indices, i);
    const at::Tensor image = pad_to(values, frame_);
    chosen.push_back(image.scalar_type() == at::kByte ? image : to_levels(image, black, white));
  }
  return stack_pixels(chosen);
}

at::Tensor ImageSet::masks(const at::Tensor& indices) const {
  std::vector<at::Tensor> chosen;
  for (int64_t i = 0; i < indices.numel(); ++i) chosen.push_back(at(indices, i).mask);
  const at::Tensor first = chosen.front();
  if (!first.defined()) return {};
  const auto is_first = [&](const at::Tensor& mask) { return mask.is_same(first); };
  if (std::all_of(chosen.begin(), chosen.end(), is_first)) chosen.resize(1);
  for (at::Tensor& mask : chosen) mask = pad_with_zeros(mask, frame_.height, frame_.width);
  return at::stack(chosen);
}

const ImageSet::Image& ImageSet::at(const at::Tensor& indices, int64_t i) const {
  return images_.at(static_cast<size_t>(indices[i].item<int64_t>()));
}

}  // namespace reverse_distillation
