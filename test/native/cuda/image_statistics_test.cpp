#include "ops/cuda/image_statistics.h"

#include <ATen/ATen.h>

#include "device_tensor.h"
#include "harness.h"

namespace reverse_distillation::test {

namespace {

const cuda::LumaWeights kLuma = {{0.2F, 0.5F, 0.25F}, 0.1F};
constexpr float kLeastContrast = 1e-5F;

at::Tensor statistics_of(const at::Tensor& images, bool channels_last, const Lie& lie) {
  const DeviceTensor input(channels_last ? images.permute({0, 2, 3, 1}) : images, lie);
  const DeviceTensor statistics(images.size(0) * 3, at::kFloat);
  const DeviceTensor workspace(static_cast<int64_t>(cuda::image_statistics_workspace(images.size(0))) / 4,
                               at::kInt);
  const cuda::NormalisedImages given = {
      input.data(), images.size(0), images.size(2), images.size(3),
      channels_last ? cuda::Layout::kChannelsLast : cuda::Layout::kChannelsFirst};
  EXPECT(cuda::launch_image_statistics(given, element_type(images.scalar_type()), kLuma, kLeastContrast,
                                       statistics.data<float>(), workspace.data(), nullptr) == cudaSuccess);
  workspace.host();
  return statistics.host().view({-1, 3});
}

/// In double precision.
at::Tensor expected_of(const at::Tensor& images) {
  const at::Tensor wide = images.to(at::kDouble);
  at::Tensor luma = at::full({}, static_cast<double>(kLuma.offset), at::kDouble);
  for (int64_t c = 0; c < 3; ++c) luma = luma + wide.select(1, c) * static_cast<double>(kLuma.weight[c]);
  const at::Tensor contrast = at::std(luma, {{1, 2}}, /*unbiased=*/false);
  const at::Tensor across = luma.diff(1, 2).abs().mean({1, 2});
  const at::Tensor down = luma.diff(1, 1).abs().mean({1, 2});
  const at::Tensor sharpness = ((across + down) / 2 / contrast).masked_fill(contrast < 1e-5, 0);
  return at::stack({luma.mean({1, 2}), contrast, sharpness}, 1);
}

}  // namespace

TEST("image statistics on CUDA equal those in double precision, over sizes, layouts, types and alignments") {
  for (const auto& shape :
       {std::vector<int64_t>{1, 3, 2, 2}, {3, 3, 33, 7}, {2, 3, 40, 300}, {300, 3, 2, 3}}) {
    for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      // Far from 0 beside what varies, where a sum of squares would lose it.
      const at::Tensor images = (at::randn(shape) * 0.1 + 3).to(type);
      for (const bool channels_last : {false, true}) {
        for (const Lie& lie : kLies) {
          EXPECT_CLOSE(statistics_of(images, channels_last, lie), expected_of(images), 1e-5, 1e-5);
        }
      }
    }
  }
}

TEST("an image of one colour has neither contrast nor sharpness on CUDA") {
  const at::Tensor statistics = statistics_of(at::full({2, 3, 32, 40}, 0.7), true, {});
  EXPECT_CLOSE(statistics.select(1, 0), at::full({2}, 0.1 + 0.7 * 0.95), 1e-6, 0.0);
  EXPECT(at::equal(statistics.narrow(1, 1, 2), at::zeros({2, 2})));
}

TEST("statistics of no image, or of images with a single row, are refused or empty on CUDA") {
  const auto launch = [](int64_t images, int64_t height) {
    return cuda::launch_image_statistics({nullptr, images, height, 8, cuda::Layout::kChannelsLast},
                                         cuda::ElementType::kFloat32, kLuma, kLeastContrast, nullptr, nullptr,
                                         nullptr);
  };
  EXPECT(launch(0, 8) == cudaSuccess);
  EXPECT(launch(1, 1) == cudaErrorInvalidValue);
}

}  // namespace reverse_distillation::test
