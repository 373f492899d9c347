#include "ops/cuda/convolution_epilogue.h"

#include <ATen/ATen.h>

#include <limits>

#include "device_tensor.h"
#include "feature_pairs.h"
#include "harness.h"

namespace reverse_distillation::test {

namespace {

/// What is added to a convolution's output, and where each buffer lies.
struct Case {
  bool bias = true;
  bool residual = true;
  bool relu = true;
  Lie output_lie = {};
  Lie bias_lie = {};
  Lie residual_lie = {};
};

/// output: [positions, channels]. Runs the kernel, and compares with the same in float32.
void expect_epilogue(const at::Tensor& output, const Case& wanted) {
  const at::ScalarType type = output.scalar_type();
  const at::Tensor bias = at::randn({output.size(1)});
  const at::Tensor residual = at::randn(output.sizes()).to(type);
  at::Tensor expected = output.to(at::kFloat);
  if (wanted.bias) expected = expected + bias;
  if (wanted.residual) expected = expected + residual.to(at::kFloat);
  if (wanted.relu) expected = expected.relu();

  const DeviceTensor device_output(output, wanted.output_lie);
  const DeviceTensor device_bias(bias, wanted.bias_lie);
  const DeviceTensor device_residual(residual, wanted.residual_lie);
  const cuda::ConvolutionEpilogue epilogue = {
      device_output.data(),
      wanted.bias ? device_bias.data<float>() : nullptr,
      wanted.residual ? device_residual.data() : nullptr,
      output.size(0),
      output.size(1),
      wanted.relu,
  };
  EXPECT(cuda::launch_convolution_epilogue(epilogue, element_type(type), nullptr) == cudaSuccess);
  EXPECT(at::equal(device_output.host().view(output.sizes()), expected.to(type)),
         type << " " << output.sizes() << " bias " << wanted.bias << " residual " << wanted.residual);
}

}  // namespace

TEST("a convolution's epilogue on CUDA adds bias and residual and clamps, in every combination and type") {
  for (const at::ScalarType type : kFeatureTypes) {
    for (const auto& shape : std::vector<std::vector<int64_t>>{{35, 64}, {300, 24}, {7, 10}, {600, 1}}) {
      const at::Tensor output = at::randn(shape).to(type);
      for (const bool bias : {false, true}) {
        for (const bool residual : {false, true}) {
          for (const bool relu : {false, true}) expect_epilogue(output, {bias, residual, relu});
        }
      }
    }
  }
}

TEST("a convolution's epilogue on CUDA takes each of its buffers at any alignment") {
  for (const at::ScalarType type : kFeatureTypes) {
    const at::Tensor output = at::randn({50, 16}).to(type);
    for (const Lie& lie : kLies) {
      expect_epilogue(output, {.output_lie = lie});
      expect_epilogue(output, {.bias_lie = lie});
      expect_epilogue(output, {.residual_lie = lie});
    }
  }
}

TEST("a convolution's epilogue on CUDA finds each channel's bias when threads take several vectors") {
  // Just above and below the size from which they do, with channels that divide no block.
  for (const int64_t positions : {21840, 21850}) {
    expect_epilogue(at::randn({positions, 48}).to(at::kFloat), {});
  }
}

TEST("a convolution's epilogue on CUDA keeps NaN and infinity") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const DeviceTensor output(
      at::tensor({std::numeric_limits<float>::quiet_NaN(), -kInfinity, kInfinity, -1.0F}));
  const cuda::ConvolutionEpilogue epilogue = {output.data(), nullptr, nullptr, 1, 4, true};
  EXPECT(cuda::launch_convolution_epilogue(epilogue, cuda::ElementType::kFloat32, nullptr) == cudaSuccess);
  const at::Tensor host = output.host();
  EXPECT(at::isnan(host[0]).item<bool>(), host);
  EXPECT(at::equal(host.slice(0, 1), at::tensor({0.0F, kInfinity, 0.0F})), host);
}

TEST(
    "a convolution's epilogue on CUDA refuses channels that it cannot index, and has nothing to do without "
    "positions") {
  cuda::ConvolutionEpilogue epilogue = {nullptr, nullptr, nullptr, 0, 8, true};
  EXPECT(cuda::launch_convolution_epilogue(epilogue, cuda::ElementType::kFloat32, nullptr) == cudaSuccess);
  for (const int64_t channels : {0, 65536}) {
    epilogue.channels = channels;
    EXPECT(cuda::launch_convolution_epilogue(epilogue, cuda::ElementType::kFloat32, nullptr) ==
           cudaErrorInvalidValue);
  }
}

}  // namespace reverse_distillation::test
