#include <ATen/ATen.h>

#include <limits>

#include "device_tensor.h"
#include "harness.h"
#include "ops/cuda/bias_relu.h"

namespace reverse_distillation::test {

namespace {

/// Odd sizes, whole vectors, more than a block's packets, and an empty batch.
const std::vector<std::vector<int64_t>> kShapes = {{1, 1, 1, 1},  {2, 3, 5, 7},    {1, 8, 4, 4},
                                                   {3, 40, 9, 8}, {2, 64, 24, 24}, {1, 5, 40, 64},
                                                   {0, 8, 4, 4},  {2, 2056, 2, 4}};
const std::vector<at::ScalarType> kTypes = {at::kFloat, at::kHalf, at::kBFloat16};

/// Runs on [N, C, H, W], and returns the result in that order.
at::Tensor run(const at::Tensor& values, const at::Tensor& bias, const at::Tensor& residual,
               bool channels_last, Lie lie_of_values, Lie lie_of_residual) {
  const auto in_memory_order = [&](const at::Tensor& t) {
    return channels_last ? t.permute({0, 2, 3, 1}) : t;
  };
  const DeviceTensor device_values(in_memory_order(values), lie_of_values);
  const DeviceTensor device_bias(bias);
  std::optional<DeviceTensor> device_residual;
  if (residual.defined()) device_residual.emplace(in_memory_order(residual), lie_of_residual);
  const auto type = element_type(values.scalar_type());
  const cuda::ConvolutionOutput output = {
      device_values.data(), values.size(0), values.size(1), values.size(2) * values.size(3),
      channels_last ? cuda::Layout::kChannelsLast : cuda::Layout::kChannelsFirst};
  EXPECT(cuda::launch_bias_relu(output, device_bias.data<float>(),
                                device_residual ? device_residual->data() : nullptr, type,
                                nullptr) == cudaSuccess);
  const at::Tensor flat = device_values.host();
  return channels_last ? flat.view({values.size(0), values.size(2), values.size(3), values.size(1)})
                             .permute({0, 3, 1, 2})
                       : flat.view(values.sizes());
}

}  // namespace

TEST("bias, residual and ReLU on CUDA are one float32 sum, over shapes, layouts, types and alignments") {
  for (const auto& shape : kShapes) {
    for (const at::ScalarType type : kTypes) {
      const at::Tensor values = at::randn(shape).to(type);
      const at::Tensor residual = at::randn(shape).to(type);
      const at::Tensor bias = at::randn({shape[1]});
      for (const bool channels_last : {false, true}) {
        for (const Lie& lie : kLies) {
          const at::Tensor sum = values.to(at::kFloat) + bias.view({1, -1, 1, 1});
          EXPECT(at::equal(run(values, bias, {}, channels_last, lie, {}), sum.relu().to(type)));
          const at::Tensor expected = (sum + residual.to(at::kFloat)).relu().to(type);
          EXPECT(at::equal(run(values, bias, residual, channels_last, lie, {}), expected));
          EXPECT(at::equal(run(values, bias, residual, channels_last, {}, lie), expected));
        }
      }
    }
  }
}

TEST("ReLU on CUDA keeps NaN and infinity") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor values = at::tensor({nan, infinity, -infinity, -0.0F}).view({1, 4, 1, 1});
  const at::Tensor result = run(values, at::zeros({4}), {}, true, {}, {}).flatten();
  EXPECT(result[0].isnan().item<bool>());
  EXPECT(result[1].item<float>() == infinity && result[2].item<float>() == 0.0F);
  EXPECT(result[3].item<float>() == 0.0F);
}

}  // namespace reverse_distillation::test
