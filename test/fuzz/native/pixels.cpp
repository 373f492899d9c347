#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "pipeline/image_set.h"
#include "pipeline/preprocess.h"
#include "target.h"

namespace reverse_distillation::fuzz {

namespace {

constexpr PixelOrder kOrders[] = {PixelOrder::kRgb,       PixelOrder::kBgr,       PixelOrder::kBayerRggb,
                                  PixelOrder::kBayerBggr, PixelOrder::kBayerGrbg, PixelOrder::kBayerGbrg};

/// The pixels of one image in memory that ends where they end.
struct Image {
  PixelView view;
  std::unique_ptr<uint8_t[]> memory;
};

/// Any view that the binding lets through.
Image any_image(FuzzedDataProvider& input) {
  Image image;
  PixelView& view = image.view;
  view.order = input.PickValueInArray(kOrders);
  const bool bayer = is_bayer(view.order);
  const bool grey = bayer || (view.order != PixelOrder::kBgr && input.ConsumeBool());
  view.channels = grey ? 1 : input.ConsumeIntegralInRange<int64_t>(3, 4);
  view.sample_bytes = input.ConsumeIntegralInRange<int64_t>(1, 2);
  view.width = input.ConsumeIntegralInRange<int64_t>(bayer ? 2 : 1, 70);
  view.height = input.ConsumeIntegralInRange<int64_t>(bayer ? 2 : 1, 70);
  const int64_t row = view.width * view.channels * view.sample_bytes;
  if (input.ConsumeBool()) {
    view.stride = row + view.sample_bytes * input.ConsumeIntegralInRange<int64_t>(0, 9);
  }
  // Callers give whole numbers.
  const auto black = input.ConsumeIntegralInRange<int>(0, 65534);
  view.black = black;
  view.white = input.ConsumeIntegralInRange<int>(black + 1, 65535);

  const auto bytes = static_cast<size_t>(view.row_bytes() * (view.height - 1) + row);
  image.memory = std::make_unique<uint8_t[]>(bytes);
  const std::vector<uint8_t> given = input.ConsumeBytes<uint8_t>(bytes);
  std::copy(given.begin(), given.end(), image.memory.get());
  view.data = image.memory.get();
  return image;
}

void require(bool condition) {
  if (!condition) std::abort();
}

/// The result must be what `resize_pixels` promises; reading all of it shows whether its memory is there.
void check(const at::Tensor& resized, const PixelView& view, int64_t height, int64_t width) {
  require((resized.sizes() == at::IntArrayRef({height, width, 3})) && resized.is_contiguous());
  require(resized.scalar_type() == (view.sample_bytes == 1 ? at::kByte : at::kFloat));
  require(view.sample_bytes == 1 ||
          (resized.ge(0.0).all().item<bool>() && resized.le(255.0).all().item<bool>()));
}

const Registration resize("resize", [](FuzzedDataProvider& input) {
  const auto height = input.ConsumeIntegralInRange<int64_t>(1, 70);
  const auto width = input.ConsumeIntegralInRange<int64_t>(1, 70);
  const Image image = any_image(input);
  check(resize_pixels(image.view, height, width), image.view, height, width);
});

const Registration batch("image-set", [](FuzzedDataProvider& input) {
  ImageSet images({input.ConsumeIntegralInRange<int64_t>(1, 20), input.ConsumeIntegralInRange<int64_t>(1, 20),
                   input.PickValueInArray({Fit::kStretch, Fit::kPad, Fit::kCrop})});
  bool deep = false;
  while (input.remaining_bytes() > 0 && images.size() < 4) {
    const Image image = any_image(input);
    deep = deep || image.view.sample_bytes == 2;
    images.add(image.view);
  }
  if (images.size() == 0) return;
  const at::Tensor batch = images.batch(at::arange(images.size()));
  require((batch.sizes() == at::IntArrayRef({images.size(), images.height(), images.width(), 3})));
  require(batch.scalar_type() == (deep ? at::kFloat : at::kByte));
  require(normalise(batch).isfinite().all().item<bool>());
});

}  // namespace

}  // namespace reverse_distillation::fuzz
