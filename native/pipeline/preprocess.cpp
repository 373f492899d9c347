#include "pipeline/preprocess.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

namespace reverse_distillation {

at::Tensor resize_pixels(const PixelView& pixels, int64_t height, int64_t width) {
  // LibTorch takes pixels as mutable; nothing here writes to them.
  at::Tensor image = at::from_blob(const_cast<uint8_t*>(pixels.data),
                                   {pixels.height, pixels.width, pixels.channels}, at::kByte);
  if (pixels.height != height || pixels.width != width) {
    image = at::_upsample_bilinear2d_aa(image.permute({2, 0, 1}).unsqueeze(0), {height, width}, false)
                .squeeze(0)
                .permute({1, 2, 0});
  }
  if (pixels.channels == 1) image = image.expand({height, width, 3});
  if (pixels.channels == 4) image = image.narrow(2, 0, 3);
  return image.contiguous();
}

at::Tensor normalise(const at::Tensor& pixels, Normalisation normalisation) {
  if (normalisation == Normalisation::kNone) return pixels.to(at::kFloat).div_(255.0).permute({0, 3, 1, 2});
  static const at::Tensor mean = at::tensor({0.485F, 0.456F, 0.406F});
  static const at::Tensor deviation = at::tensor({0.229F, 0.224F, 0.225F});
  const at::Tensor scale = (1.0 / (255.0 * deviation)).to(pixels.device());
  const at::Tensor shift = (-mean / deviation).to(pixels.device());
  return pixels.to(at::kFloat).mul_(scale).add_(shift).permute({0, 3, 1, 2});
}

}  // namespace reverse_distillation
