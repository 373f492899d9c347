#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>

#include <optional>

#include "inference/onednn.h"
#include "inference/winograd.h"

namespace reverse_distillation {

/// What follows a convolution in the same pass over its output.
enum class Activation { kNone, kRelu };

/// A convolution, transposed or not, with the batch norm behind it folded into weight and bias in double
/// precision: scale = gamma / sqrt(variance + eps), weight' = scale weight, bias' = beta - scale mean.
///
/// Constructor and methods throw `Error(kAborted)` if the calling thread's work is cancelled.
///
/// Holds a copy of the weights in the form that the device's kernels want: on the CPU transformed for
/// Winograd's algorithm where that is faster, or in oneDNN's memory order; channels-last for ATen's operators
/// elsewhere, and on the CPU if LibTorch has no oneDNN. On a GPU, `convolution_epilogue` does what follows.
/// All inputs must be of the same height and width. Not synchronised: one thread at a time.
class FoldedConvolution {
 public:
  /// convolution: a Conv2d or ConvTranspose2d, square, without bias, dilation or groups.
  FoldedConvolution(const torch::nn::Module& convolution, const torch::nn::BatchNorm2dImpl& norm,
                    at::ScalarType dtype);

  /// Lets this convolution, the last of a residual block, add the bias of the block's shortcut too, where a
  /// bias that is added elsewhere costs a pass over the output: on a GPU. Before the first run of either.
  void take_bias(FoldedConvolution& shortcut);

  /// input: [N, C, H, W], channels-last, of the constructor's dtype. Returns [N, C', H', W'], channels-last.
  at::Tensor run(const at::Tensor& input, Activation activation);

  /// relu(convolution(input) + residual), the end of a residual block. May overwrite the residual.
  at::Tensor run_residual(const at::Tensor& input, at::Tensor residual);

 private:
  /// Brings the weight into its form, which depends on the size of the input.
  void prepare(const at::Tensor& input);
  at::Tensor convolve(const at::Tensor& input, const at::Tensor& bias) const;
  /// residual: undefined for none.
  at::Tensor run_on_gpu(const at::Tensor& input, const at::Tensor& residual, bool relu) const;

  onednn::Geometry geometry_;
  bool on_gpu_ = false;
  at::Tensor weight_;  ///< Undefined once it is in another form.
  std::optional<WinogradConvolution> winograd_;
  std::optional<onednn::PackedWeight> packed_;
  at::Tensor bias_;  ///< On a GPU float32, and undefined if another convolution adds it.
};

}  // namespace reverse_distillation
