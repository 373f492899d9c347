#include <ATen/ATen.h>

#include "device_tensor.h"
#include "feature_pairs.h"
#include "harness.h"
#include "naive.h"
#include "ops/cuda/preprocess.h"

namespace reverse_distillation::test {

namespace {

at::Tensor random_pixels(int64_t height, int64_t width, int64_t channels) {
  return at::randint(0, 256, {height, width, channels}, at::kByte);
}

/// Leaves grey levels unchanged, so that a test can compare them.
constexpr cuda::PixelNormalisation kGreyLevels = {{1.0F, 1.0F, 1.0F}, {0.0F, 0.0F, 0.0F}};

/// [N, height, width, 3]
at::Tensor preprocess(const std::vector<at::Tensor>& images, int64_t height, int64_t width,
                      const cuda::PixelNormalisation& normalisation = kGreyLevels,
                      at::ScalarType type = at::kFloat, Lie lie = {}) {
  std::vector<DeviceTensor> device_images;
  std::vector<cuda::DevicePixels> pixels;
  for (const at::Tensor& image : images) {
    device_images.emplace_back(image, lie);
    pixels.push_back({device_images.back().data<uint8_t>(), image.size(1), image.size(0), image.size(2)});
  }
  const auto count = static_cast<int64_t>(images.size());
  const DeviceTensor output(count * height * width * 3, type, lie);
  EXPECT(cuda::launch_preprocess(pixels, height, width, normalisation, element_type(type), output.data(),
                                 nullptr) == cudaSuccess);
  return output.host().view({count, height, width, 3});
}

/// The naive resize, before rounding: [height, width, 3].
at::Tensor naive_pixels(const at::Tensor& image, int64_t height, int64_t width) {
  std::vector<at::Tensor> colours;
  for (int64_t c = 0; c < 3; ++c) {
    colours.push_back(naive_resize(image.select(2, image.size(2) == 1 ? 0 : c), height, width));
  }
  return at::stack(colours, 2);
}

}  // namespace

TEST("preprocessing on CUDA equals an antialiased triangle filter, rounded to the nearest grey level") {
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{100, 130}, {31, 17}, {1, 1}, {32, 150}, {3, 90}, {300, 7}}) {
    for (const int64_t channels : {1, 3, 4}) {
      for (const auto& [to_height, to_width] : {std::pair<int64_t, int64_t>{32, 48}, {13, 33}, {1, 2}}) {
        const at::Tensor image = random_pixels(height, width, channels);
        const at::Tensor levels = preprocess({image}, to_height, to_width)[0];
        EXPECT(at::equal(levels, levels.round()));
        // Rounded to the nearest level; a tie may go either way.
        EXPECT_CLOSE(levels, naive_pixels(image, to_height, to_width), 0.501, 0.0);
      }
    }
  }
}

TEST("preprocessing on CUDA uses pixels of the right size unchanged") {
  for (const int64_t channels : {1, 3, 4}) {
    const at::Tensor image = random_pixels(33, 40, channels);
    const at::Tensor expected = channels == 1 ? image.expand({33, 40, 3}) : image.narrow(2, 0, 3);
    EXPECT(at::equal(preprocess({image}, 33, 40)[0], expected.to(at::kFloat)));
  }
}

TEST("preprocessing on CUDA normalises into every type, at any alignment of its buffers") {
  const cuda::PixelNormalisation normalisation = {{0.017F, 0.0175F, 0.0174F}, {-2.1F, -2.0F, -1.8F}};
  const at::Tensor image = random_pixels(20, 30, 3);
  const at::Tensor expected =
      naive_pixels(image, 20, 30) * at::tensor({0.017, 0.0175, 0.0174}) + at::tensor({-2.1, -2.0, -1.8});
  for (const at::ScalarType type : kFeatureTypes) {
    for (const Lie& lie : kLies) {
      const double tolerance = type == at::kFloat ? 1e-5 : type == at::kHalf ? 1e-3 : 1e-2;
      EXPECT_CLOSE(preprocess({image}, 20, 30, normalisation, type, lie)[0], expected, tolerance, tolerance);
    }
  }
}

TEST(
    "preprocessing on CUDA accepts more images of different sizes than one launch describes, and no images") {
  std::vector<at::Tensor> images;
  for (int64_t i = 0; i < 35; ++i) images.push_back(random_pixels(1 + i % 5, 3 + i % 7, i % 3 == 0 ? 1 : 3));
  const at::Tensor levels = preprocess(images, 4, 4);
  for (size_t i = 0; i < images.size(); ++i) {
    EXPECT_CLOSE(levels[static_cast<int64_t>(i)], naive_pixels(images[i], 4, 4), 0.501, 0.0);
  }
  EXPECT(preprocess({}, 4, 4).numel() == 0);
}

TEST("preprocessing on CUDA refuses arguments that do not match") {
  const auto launch = [](const cuda::DevicePixels& image, int64_t height) {
    const std::vector<cuda::DevicePixels> images = {image};
    return cuda::launch_preprocess(images, height, 4, kGreyLevels, cuda::ElementType::kFloat32, nullptr,
                                   nullptr);
  };
  EXPECT(launch({nullptr, 4, 4, 2}, 4) == cudaErrorInvalidValue);
  EXPECT(launch({nullptr, 0, 4, 3}, 4) == cudaErrorInvalidValue);
  EXPECT(launch({nullptr, 4, 4, 3}, 0) == cudaErrorInvalidValue);
}

}  // namespace reverse_distillation::test
