// The operator `convolution_epilogue`, which has no kernel for the CPU but the one here.

#include <ATen/ATen.h>
#include <torch/library.h>

#include "core/device.h"
#include "harness.h"
#include "ops/ops.h"

namespace reverse_distillation::test {

namespace {

/// In float32, rounded once.
at::Tensor naive_epilogue(const at::Tensor& output, const std::optional<at::Tensor>& bias,
                          const std::optional<at::Tensor>& residual, bool relu) {
  at::Tensor sum = output.to(at::kFloat);
  if (bias) sum = sum + bias->view({1, -1, 1, 1});
  if (residual) sum = sum + residual->to(at::kFloat);
  return (relu ? sum.relu() : sum).to(output.scalar_type());
}

void epilogue_on_cpu(const at::Tensor& output, const std::optional<at::Tensor>& bias,
                     const std::optional<at::Tensor>& residual, bool relu) {
  output.copy_(naive_epilogue(output, bias, residual, relu));
}

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) {
  library.impl("convolution_epilogue", epilogue_on_cpu);
}

at::Tensor channels_last(at::IntArrayRef shape, at::ScalarType type) {
  return at::randn(shape).to(type).contiguous(at::MemoryFormat::ChannelsLast);
}

/// Runs the operator on `device` for every combination of what is added.
void check_on(c10::Device device, at::IntArrayRef shape, at::ScalarType type) {
  for (int combination = 0; combination < 8; ++combination) {
    const at::Tensor output = channels_last(shape, type);
    const at::Tensor bias = (combination & 1) != 0 ? at::randn({shape[1]}) : at::Tensor();
    const at::Tensor residual = (combination & 2) != 0 ? channels_last(shape, type) : at::Tensor();
    const bool relu = (combination & 4) != 0;
    const auto given = [](const at::Tensor& tensor) {
      return tensor.defined() ? std::optional(tensor) : std::nullopt;
    };
    const at::Tensor expected = naive_epilogue(output, given(bias), given(residual), relu);
    const auto there = [&](const at::Tensor& tensor) {
      return tensor.defined() ? tensor.to(device) : tensor;
    };
    const at::Tensor actual = output.to(device, type, false, /*copy=*/true);
    convolution_epilogue(actual, there(bias), there(residual), relu);
    EXPECT(at::equal(actual.cpu(), expected), type << " " << shape << ", combination " << combination);
  }
}

}  // namespace

TEST("convolution_epilogue changes its output in place, with and without inference mode") {
  check_on(at::kCPU, {2, 8, 3, 5}, at::kFloat);
  const c10::InferenceMode inference;
  check_on(at::kCPU, {2, 8, 3, 5}, at::kBFloat16);
}

TEST("convolution_epilogue on a GPU adds bias and residual and clamps, rounding once") {
  if (cuda_devices() == 0) throw Skipped{"no GPU that this build can compute on"};
  const c10::InferenceMode inference;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const auto& shape : std::vector<std::vector<int64_t>>{
             {2, 64, 64, 64}, {1, 2048, 8, 8}, {16, 256, 64, 64}, {3, 10, 5, 7}, {1, 64, 1, 1}}) {
      check_on(c10::Device(at::kCUDA, 0), shape, type);
    }
  }
}

}  // namespace reverse_distillation::test
