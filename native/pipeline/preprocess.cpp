#include "pipeline/preprocess.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include "core/device.h"

namespace reverse_distillation {

namespace {

/// ImageNet's mean and standard deviation per channel, as torchvision's models use them.
constexpr std::array<double, 3> kImageNetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImageNetDeviation = {0.229, 0.224, 0.225};

}  // namespace

at::Tensor resize_pixels(const PixelView& pixels, int64_t height, int64_t width) {
  // LibTorch wants mutable pixels; nothing here writes to them.
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

PixelScaling pixel_scaling(Normalisation normalisation) {
  PixelScaling scaling = {};
  for (size_t c = 0; c < 3; ++c) {
    const bool imagenet = normalisation == Normalisation::kImageNet;
    scaling.scale[c] = 1.0 / (255.0 * (imagenet ? kImageNetDeviation[c] : 1.0));
    scaling.shift[c] = imagenet ? -kImageNetMean[c] / kImageNetDeviation[c] : 0.0;
  }
  return scaling;
}

at::Tensor normalise(const at::Tensor& pixels, Normalisation normalisation) {
  if (normalisation == Normalisation::kNone) return pixels.to(at::kFloat).div_(255.0).permute({0, 3, 1, 2});
  static const at::Tensor mean = at::tensor(at::ArrayRef<double>(kImageNetMean), at::kFloat);
  static const at::Tensor deviation = at::tensor(at::ArrayRef<double>(kImageNetDeviation), at::kFloat);
  const at::Tensor scale = move_to(1.0 / (255.0 * deviation), pixels.device());
  const at::Tensor shift = move_to(-mean / deviation, pixels.device());
  return pixels.to(at::kFloat).mul_(scale).add_(shift).permute({0, 3, 1, 2});
}

}  // namespace reverse_distillation
