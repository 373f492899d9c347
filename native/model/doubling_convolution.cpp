#include "model/doubling_convolution.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

namespace reverse_distillation {

namespace {

at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight) {
  return at::conv_transpose2d(input, weight, /*bias=*/{}, /*stride=*/2);
}

at::Tensor input_gradient(const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight) {
  return std::get<0>(at::convolution_backward(gradient, input, weight, /*bias_sizes=*/std::nullopt,
                                              /*stride=*/{2, 2}, /*padding=*/{0, 0},
                                              /*dilation=*/{1, 1}, /*transposed=*/true,
                                              /*output_padding=*/{0, 0}, /*groups=*/1, {true, false, false}));
}

/// Each input position makes a 2x2 patch of the output that no other position touches. So the gradient is
/// that of a 1x1 convolution from the input's channels to the patches' values.
at::Tensor weight_gradient(const at::Tensor& gradient, const at::Tensor& input) {
  const int64_t n = input.size(0), in = input.size(1), h = input.size(2), w = input.size(3);
  const int64_t out = gradient.size(1);
  const at::Tensor patches = gradient.permute({0, 2, 3, 1})
                                 .reshape({n, h, 2, w, 2, out})
                                 .permute({0, 1, 3, 2, 4, 5})
                                 .reshape({n, h, w, 4 * out})
                                 .permute({0, 3, 1, 2});
  const at::Tensor only_its_shape_counts = at::empty({4 * out, in, 1, 1}, input.options());
  const at::Tensor product = std::get<1>(at::convolution_backward(
      patches, input, only_its_shape_counts, /*bias_sizes=*/std::nullopt,
      /*stride=*/{1, 1}, /*padding=*/{0, 0}, /*dilation=*/{1, 1},
      /*transposed=*/false, /*output_padding=*/{0, 0}, /*groups=*/1, {false, true, false}));
  return product.view({2, 2, out, in}).permute({3, 2, 0, 1});
}

/// The transposed convolution, with the weight's gradient computed as that of a 1x1 convolution: at stride 2
/// oneDNN's own kernel for it is slower (by a factor of 1.1 to 2), and so is a matrix product if MKL has no
/// kernels for the processor.
class DoublingFunction : public torch::autograd::Function<DoublingFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& input,
                            const at::Tensor& weight) {
    ctx->save_for_backward({input, weight});
    return convolve(input, weight);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = ctx->get_saved_variables();
    const at::Tensor& gradient = gradients.front();
    return {input_gradient(gradient, saved[0], saved[1]), weight_gradient(gradient, saved[0])};
  }
};

}  // namespace

DoublingConvolutionImpl::DoublingConvolutionImpl(int64_t in_channels, int64_t out_channels)
    : weight(register_parameter("weight", at::empty({in_channels, out_channels, 2, 2}))) {}

at::Tensor DoublingConvolutionImpl::forward(const at::Tensor& input) {
  // Autocast, which casts weights once per pass, must see the convolution itself; cuDNN needs no help.
  const bool own_gradient =
      input.is_cpu() && at::GradMode::is_enabled() && !at::autocast::is_autocast_enabled(at::kCPU);
  return own_gradient ? DoublingFunction::apply(input, weight) : convolve(input, weight);
}

}  // namespace reverse_distillation
