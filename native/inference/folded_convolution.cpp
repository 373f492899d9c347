#include "inference/folded_convolution.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/cudnn_convolution_add_relu.h>
#include <ATen/ops/cudnn_convolution_relu.h>
#include <torch/nn/modules/conv.h>

#include <array>

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

/// A setting of a convolution for rows and columns.
std::array<int64_t, 2> both_ways(int64_t value) { return {value, value}; }

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
  const at::MemoryFormat format = weight_.device().is_cpu() && onednn::available()
                                      ? at::MemoryFormat::Contiguous
                                      : weight_.suggest_memory_format();
  const at::Tensor scale =
      norm.weight.to(at::kDouble) / (norm.running_var.to(at::kDouble) + norm.options.eps()).sqrt();
  bias_ = (norm.bias.to(at::kDouble) - norm.running_mean.to(at::kDouble) * scale)
              .to(weight_.is_cuda() ? at::kFloat : dtype);
  weight_ = (weight_.to(at::kDouble) * per_output_channel(scale, geometry_.transposed))
                .to(dtype)
                .contiguous(format);
}

void FoldedConvolution::quantise(double range) {
  quantised_.emplace(weight_, bias_, geometry_, range);
  weight_.reset();
  prepared_ = true;
}

at::Tensor FoldedConvolution::prepared(const at::Tensor& input) const {
  return quantised_ && input.scalar_type() == at::kFloat ? quantised_->quantised(input) : input;
}

void FoldedConvolution::prepare(const at::Tensor& input) {
  throw_if_cancelled();
  if (observed_) observed_->add(input);
  if (prepared_) return;
  prepared_ = true;
  if (weight_.is_cuda()) {
    if (bias_.defined() && !geometry_.transposed) bias_ = bias_.to(weight_.scalar_type());
    return;
  }
  if (!weight_.device().is_cpu()) return;
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

at::Tensor FoldedConvolution::convolve(const at::Tensor& input, const at::Tensor& bias) const {
  return geometry_.transposed
             ? at::conv_transpose2d(input, weight_, bias, geometry_.stride, geometry_.padding)
             : at::conv2d(input, weight_, bias, geometry_.stride, geometry_.padding);
}

void FoldedConvolution::take_over_bias_of(FoldedConvolution& other) {
  bias_ = bias_ + other.bias_;
  other.bias_ = at::Tensor();
}

at::Tensor FoldedConvolution::run(const at::Tensor& input, Activation activation,
                                  const FoldedConvolution* reader) {
  prepare(input);
  const bool relu = activation == Activation::kRelu;
  if (quantised_) {
    const bool reads_8_bits = reader != nullptr && reader->quantised_;
    return quantised_->convolve(
        prepared(input), relu,
        reads_8_bits ? std::optional(reader->quantised_->input_scale()) : std::nullopt);
  }
  if (winograd_) return winograd_->convolve(input, relu);
  if (packed_) return packed_->convolve(input, bias_, relu);
  if (relu && weight_.is_cuda()) {
    if (!geometry_.transposed) {
      return at::cudnn_convolution_relu(input, weight_, bias_, both_ways(geometry_.stride),
                                        both_ways(geometry_.padding), /*dilation=*/both_ways(1),
                                        /*groups=*/1);
    }
    // cuDNN fuses nothing behind a transposed convolution.
    at::Tensor output = convolve(input, {});
    return bias_relu_(output, bias_);
  }
  at::Tensor output = convolve(input, bias_);
  return relu ? output.relu_() : output;
}

at::Tensor FoldedConvolution::run_residual(const at::Tensor& input, at::Tensor residual) {
  prepare(input);
  if (quantised_) return quantised_->convolve_residual(prepared(input), std::move(residual));
  if (winograd_) return winograd_->convolve_residual(input, std::move(residual));
  if (packed_) return packed_->convolve_residual(input, bias_, std::move(residual));
  if (weight_.is_cuda()) {
    return at::cudnn_convolution_add_relu(input, weight_, residual, /*alpha=*/1.0, bias_,
                                          both_ways(geometry_.stride), both_ways(geometry_.padding),
                                          /*dilation=*/both_ways(1), /*groups=*/1);
  }
  return residual.add_(convolve(input, bias_)).relu_();
}

}  // namespace reverse_distillation
