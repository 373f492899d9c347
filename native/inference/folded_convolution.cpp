#include "inference/folded_convolution.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <torch/nn/modules/conv.h>

#include "core/cancel_token.h"
#include "core/error.h"
#include "model/doubling_convolution.h"
#include "ops/ops.h"

namespace reverse_distillation {

namespace {

onednn::Geometry geometry_of(const torch::nn::Conv2dImpl& convolution) {
  const auto& padding = std::get<torch::ExpandingArray<2>>(convolution.options.padding());
  return {convolution.options.stride()->at(0), padding->at(0), false};
}

/// One double per output channel, shaped to multiply a weight.
at::Tensor per_output_channel(const at::Tensor& values, bool transposed) {
  return transposed ? values.view({1, -1, 1, 1}) : values.view({-1, 1, 1, 1});
}

}  // namespace

FoldedConvolution::FoldedConvolution(const torch::nn::Module& convolution,
                                     const torch::nn::BatchNorm2dImpl& norm, at::ScalarType dtype)
    : geometry_() {
  throw_if_cancelled();
  const torch::NoGradGuard no_grad;
  if (const auto* plain = convolution.as<torch::nn::Conv2dImpl>()) {
    geometry_ = geometry_of(*plain);
    weight_ = plain->weight;
  } else if (const auto* doubling = convolution.as<DoublingConvolutionImpl>()) {
    geometry_ = {/*stride=*/2, /*padding=*/0, /*transposed=*/true};
    weight_ = doubling->weight;
  } else {
    throw Error(ErrorCode::kInternal, "cannot fold a convolution of kind " + convolution.name());
  }
  on_gpu_ = weight_.is_cuda();
  const at::Tensor scale =
      norm.weight.to(at::kDouble) / (norm.running_var.to(at::kDouble) + norm.options.eps()).sqrt();
  bias_ = (norm.bias.to(at::kDouble) - norm.running_mean.to(at::kDouble) * scale)
              .to(on_gpu_ ? at::kFloat : dtype);
  weight_ = (weight_.to(at::kDouble) * per_output_channel(scale, geometry_.transposed)).to(dtype);
  weight_ = weight_.contiguous(!on_gpu_ && onednn::available() ? at::MemoryFormat::Contiguous
                                                               : at::MemoryFormat::ChannelsLast);
}

void FoldedConvolution::prepare(const at::Tensor& input) {
  throw_if_cancelled();
  if (!weight_.defined() || on_gpu_) return;
  const bool three_by_three = weight_.size(2) == 3 && geometry_.stride == 1 && geometry_.padding == 1;
  if (three_by_three && WinogradConvolution::suits(weight_, input.size(2), input.size(3))) {
    winograd_.emplace(weight_, bias_);
  } else if (onednn::available()) {
    packed_.emplace(weight_, geometry_);
  } else {
    return;
  }
  weight_.reset();
}

void FoldedConvolution::take_bias(FoldedConvolution& shortcut) {
  if (!on_gpu_) return;
  bias_ = bias_ + shortcut.bias_;
  shortcut.bias_.reset();
}

at::Tensor FoldedConvolution::convolve(const at::Tensor& input, const at::Tensor& bias) const {
  return geometry_.transposed
             ? at::conv_transpose2d(input, weight_, bias, geometry_.stride, geometry_.padding)
             : at::conv2d(input, weight_, bias, geometry_.stride, geometry_.padding);
}

at::Tensor FoldedConvolution::run_on_gpu(const at::Tensor& input, const at::Tensor& residual,
                                         bool relu) const {
  // ATen may choose other strides where a side is 1.
  const at::Tensor output = convolve(input, {}).contiguous(at::MemoryFormat::ChannelsLast);
  if (bias_.defined() || residual.defined() || relu) convolution_epilogue(output, bias_, residual, relu);
  return output;
}

at::Tensor FoldedConvolution::run(const at::Tensor& input, Activation activation) {
  prepare(input);
  const bool relu = activation == Activation::kRelu;
  if (on_gpu_) return run_on_gpu(input, {}, relu);
  if (winograd_) return winograd_->convolve(input, relu);
  if (packed_) return packed_->convolve(input, bias_, relu);
  at::Tensor output = convolve(input, bias_);
  return relu ? output.relu_() : output;
}

at::Tensor FoldedConvolution::run_residual(const at::Tensor& input, at::Tensor residual) {
  prepare(input);
  if (on_gpu_) return run_on_gpu(input, residual, /*relu=*/true);
  if (winograd_) return winograd_->convolve_residual(input, std::move(residual));
  if (packed_) return packed_->convolve_residual(input, bias_, std::move(residual));
  return residual.add_(convolve(input, bias_)).relu_();
}

}  // namespace reverse_distillation
