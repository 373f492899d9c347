#include "ops/cuda/bias_relu.h"

#include <torch/library.h>

#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

at::Tensor& bias_relu_cuda_(at::Tensor& output, const at::Tensor& bias,
                            const std::optional<at::Tensor>& residual) {
  const bool channels_last = output.is_contiguous(at::MemoryFormat::ChannelsLast);
  TORCH_CHECK(output.dim() == 4 && (channels_last || output.is_contiguous()),
              "bias_relu_: expected an output [N, C, H, W] without gaps; got sizes ", output.sizes(),
              " and strides ", output.strides());
  TORCH_CHECK(bias.scalar_type() == at::kFloat && bias.dim() == 1 && bias.size(0) == output.size(1) &&
                  bias.is_contiguous() && bias.device() == output.device(),
              "bias_relu_: expected a float32 bias [", output.size(1), "] on ", output.device());
  at::Tensor added;
  if (residual && residual->defined()) {
    TORCH_CHECK(residual->sizes() == output.sizes() && residual->scalar_type() == output.scalar_type() &&
                    residual->device() == output.device(),
                "bias_relu_: expected a residual of the output's sizes ", output.sizes(), " and type; got ",
                residual->sizes());
    added =
        residual->contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  }
  const cuda::LaunchOn launch(output);
  const cuda::ConvolutionOutput target = {
      output.data_ptr(), output.size(0), output.size(1), output.size(2) * output.size(3),
      channels_last ? cuda::Layout::kChannelsLast : cuda::Layout::kChannelsFirst};
  cuda::check_launch(cuda::launch_bias_relu(target, bias.const_data_ptr<float>(),
                                            added.defined() ? added.const_data_ptr() : nullptr,
                                            cuda::element_type(output.scalar_type()), launch.stream()),
                     "bias_relu_");
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) { library.impl("bias_relu_", bias_relu_cuda_); }

}  // namespace reverse_distillation
