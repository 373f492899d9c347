#include "pipeline/image_set.h"

#include "pipeline/deep_resize.h"

namespace reverse_distillation {

void ImageSet::add(const PixelView& pixels) {
  at::Tensor values = resize_values(pixels, height_, width_);
  const bool shared = values.const_data_ptr() == pixels.data;
  images_.push_back({shared ? values.clone() : std::move(values), pixels.black, pixels.white});
}

void ImageSet::set_levels(double black, double white) {
  for (Entry& image : images_) {
    image.black = black;
    image.white = white;
  }
}

at::Tensor ImageSet::batch(const at::Tensor& indices) const {
  std::vector<at::Tensor> chosen;
  chosen.reserve(static_cast<size_t>(indices.numel()));
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const auto& [values, black, white] = images_.at(static_cast<size_t>(indices[i].item<int64_t>()));
    chosen.push_back(values.scalar_type() == at::kByte ? values : to_levels(values, black, white));
  }
  return stack_pixels(chosen);
}

}  // namespace reverse_distillation
