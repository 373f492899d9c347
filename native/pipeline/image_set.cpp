#include "pipeline/image_set.h"

#include <utility>

#include "core/error.h"
#include "pipeline/deep_resize.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

void ImageSet::add(const PixelView& pixels) {
  at::Tensor values = fit_values(pixels, frame_);
  images_.push_back(
      {shares_memory(values, pixels) ? values.clone() : std::move(values), pixels.black, pixels.white});
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
    const auto& [values, black, white] = images_.at(static_cast<size_t>(indices[i].item<int64_t>()));
    const at::Tensor image = pad_to(values, frame_);
    chosen.push_back(image.scalar_type() == at::kByte ? image : to_levels(image, black, white));
  }
  return stack_pixels(chosen);
}

}  // namespace reverse_distillation
