#include "pipeline/preprocess.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/device.h"
#include "pipeline/deep_resize.h"
#include "pipeline/demosaic.h"

namespace reverse_distillation {

namespace {

/// ImageNet's mean and standard deviation per channel, as torchvision's models use them.
constexpr std::array<double, 3> kImageNetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImageNetDeviation = {0.229, 0.224, 0.225};

/// A Bayer view's colours as an RGB view of `colours`, which holds them.
PixelView demosaiced(const PixelView& pixels, const at::Tensor& colours) {
  PixelView view = pixels;
  view.data = static_cast<const uint8_t*>(colours.const_data_ptr());
  view.channels = 3;
  view.stride = 0;
  view.order = PixelOrder::kRgb;
  return view;
}

at::Tensor resize_8_bits(const PixelView& pixels, int64_t height, int64_t width) {
  // LibTorch wants mutable pixels; nothing here writes to them.
  at::Tensor image =
      at::from_blob(const_cast<uint8_t*>(pixels.data), {pixels.height, pixels.width, pixels.channels},
                    {pixels.row_bytes(), pixels.channels, 1}, at::kByte);
  if (pixels.height == height && pixels.width == width) return image;
  return at::_upsample_bilinear2d_aa(image.contiguous().permute({2, 0, 1}).unsqueeze(0), {height, width},
                                     false)
      .squeeze(0)
      .permute({1, 2, 0});
}

}  // namespace

at::Tensor resize_pixels(const PixelView& pixels, int64_t height, int64_t width) {
  const at::Tensor values = resize_values(pixels, height, width);
  return pixels.sample_bytes == 1 ? values : to_levels(values, pixels.black, pixels.white);
}

at::Tensor resize_values(const PixelView& pixels, int64_t height, int64_t width) {
  if (is_bayer(pixels.order)) {
    const at::Tensor colours = demosaic(pixels);
    const at::Tensor resized = resize_values(demosaiced(pixels, colours), height, width);
    // The memory of `colours` ends here.
    return resized.const_data_ptr() == colours.const_data_ptr() ? colours : resized;
  }
  at::Tensor image =
      pixels.sample_bytes == 1 ? resize_8_bits(pixels, height, width) : resize_deep(pixels, height, width);
  if (pixels.channels == 1) image = image.expand({height, width, 3});
  if (pixels.channels == 4) image = image.narrow(2, 0, 3);
  if (pixels.order == PixelOrder::kBgr) image = image.flip(2);
  return image.contiguous();
}

at::Tensor stack_pixels(const std::vector<at::Tensor>& images) {
  const bool deep = std::any_of(images.begin(), images.end(),
                                [](const at::Tensor& image) { return image.scalar_type() == at::kFloat; });
  if (images.size() == 1) return images[0].unsqueeze(0);
  if (!deep) return at::stack(images);
  std::vector<at::Tensor> levels;
  for (const at::Tensor& image : images) levels.push_back(image.to(at::kFloat));
  return at::stack(levels);
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
  if (normalisation == Normalisation::kNone) {
    return pixels.to(at::kFloat, false, true).div_(255.0).permute({0, 3, 1, 2});
  }
  static const at::Tensor mean = at::tensor(at::ArrayRef<double>(kImageNetMean), at::kFloat);
  static const at::Tensor deviation = at::tensor(at::ArrayRef<double>(kImageNetDeviation), at::kFloat);
  const at::Tensor scale = move_to(1.0 / (255.0 * deviation), pixels.device());
  const at::Tensor shift = move_to(-mean / deviation, pixels.device());
  return pixels.to(at::kFloat, false, true).mul_(scale).add_(shift).permute({0, 3, 1, 2});
}

}  // namespace reverse_distillation
