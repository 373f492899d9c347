#include "ops/cuda/preprocess.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

at::Tensor preprocess_cuda(at::TensorList images, int64_t height, int64_t width, at::ArrayRef<double> scale,
                           at::ArrayRef<double> shift, at::ScalarType dtype) {
  TORCH_CHECK(!images.empty(), "preprocess: expected at least one image");
  TORCH_CHECK(height > 0 && width > 0, "preprocess: the size must be positive; got ", height, " x ", width);
  TORCH_CHECK(scale.size() == 3 && shift.size() == 3, "preprocess: scale and shift must have 3 values; got ",
              scale.size(), " and ", shift.size());
  std::vector<cuda::DevicePixels> pixels;
  for (const at::Tensor& image : images) {
    TORCH_CHECK(image.scalar_type() == at::kByte && image.dim() == 3 && image.is_contiguous() &&
                    image.numel() > 0 && (image.size(2) == 1 || image.size(2) == 3 || image.size(2) == 4),
                "preprocess: an image must be uint8 [H, W, C] without gaps, with C = 1, 3 or 4; got ",
                image.scalar_type(), " ", image.sizes());
    TORCH_CHECK(image.device() == images[0].device(), "preprocess: images are on ", images[0].device(),
                " and ", image.device());
    pixels.push_back({image.data_ptr<uint8_t>(), image.size(1), image.size(0), image.size(2)});
  }
  cuda::PixelNormalisation normalisation = {};
  for (size_t c = 0; c < 3; ++c) {
    normalisation.scale[c] = static_cast<float>(scale[c]);
    normalisation.shift[c] = static_cast<float>(shift[c]);
  }
  const cuda::LaunchOn launch(images[0]);
  const cuda::ElementType type = cuda::element_type(dtype);
  const at::Tensor output =
      at::empty({static_cast<int64_t>(images.size()), height, width, 3}, images[0].options().dtype(dtype));
  cuda::check_launch(
      cuda::launch_preprocess(pixels, height, width, normalisation, type, output.data_ptr(), launch.stream()),
      "preprocess");
  return output.permute({0, 3, 1, 2});
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) { library.impl("preprocess", preprocess_cuda); }

}  // namespace reverse_distillation
