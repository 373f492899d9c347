#include "ops/cuda/convolution_epilogue.h"

#include <torch/library.h>

#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

void convolution_epilogue_cuda(const at::Tensor& output, const std::optional<at::Tensor>& bias,
                               const std::optional<at::Tensor>& residual, bool relu) {
  constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
  TORCH_CHECK(output.dim() == 4 && output.is_contiguous(kChannelsLast),
              "convolution_epilogue: the output must be [N, C, H, W], channels-last; got ", output.sizes(),
              " with strides ", output.strides());
  if (output.numel() == 0) return;
  const cuda::LaunchOn launch(output);
  cuda::ConvolutionEpilogue epilogue = {};
  epilogue.output = output.data_ptr();
  epilogue.channels = output.size(1);
  epilogue.positions = output.numel() / epilogue.channels;
  epilogue.relu = relu;
  if (bias) {
    TORCH_CHECK(bias->scalar_type() == at::kFloat && bias->dim() == 1 && bias->size(0) == output.size(1) &&
                    bias->is_contiguous() && bias->device() == output.device(),
                "convolution_epilogue: the bias must be float32 [", output.size(1), "] on ", output.device(),
                "; got ", bias->scalar_type(), " ", bias->sizes(), " on ", bias->device());
    epilogue.bias = bias->data_ptr<float>();
  }
  at::Tensor added;  // Lives until the launch.
  if (residual) {
    TORCH_CHECK(residual->sizes() == output.sizes() && residual->scalar_type() == output.scalar_type() &&
                    residual->device() == output.device(),
                "convolution_epilogue: the residual must be ", output.scalar_type(), " ", output.sizes(),
                " on ", output.device(), "; got ", residual->scalar_type(), " ", residual->sizes(), " on ",
                residual->device());
    added = residual->contiguous(kChannelsLast);
    epilogue.residual = added.data_ptr();
  }
  cuda::check_launch(
      cuda::launch_convolution_epilogue(epilogue, cuda::element_type(output.scalar_type()), launch.stream()),
      "convolution_epilogue");
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) {
  library.impl("convolution_epilogue", convolution_epilogue_cuda);
}

}  // namespace reverse_distillation
