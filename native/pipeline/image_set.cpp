#include "pipeline/image_set.h"

#include <ATen/ops/stack.h>

namespace reverse_distillation {

void ImageSet::add(const PixelView& pixels) {
  at::Tensor image = resize_pixels(pixels, height_, width_);
  const bool shared = image.data_ptr() == pixels.data;
  images_.push_back(shared ? image.clone() : std::move(image));
}

at::Tensor ImageSet::batch(const at::Tensor& indices) const {
  std::vector<at::Tensor> chosen;
  chosen.reserve(static_cast<size_t>(indices.numel()));
  for (int64_t i = 0; i < indices.numel(); ++i) {
    chosen.push_back(images_.at(static_cast<size_t>(indices[i].item<int64_t>())));
  }
  return at::stack(chosen);
}

}  // namespace reverse_distillation
