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
/// Winograd's algorithm where that is faster, or in oneDNN's memory order; in the model's own memory
/// format on a GPU, and on the CPU if LibTorch has no oneDNN. All inputs must be of the same height and
/// width. Not synchronised: one thread at a time.
class FoldedConvolution {
 public:
  /// convolution: a Conv2d or ConvTranspose2d, square, without bias, dilation or groups.
  FoldedConvolution(const torch::nn::Module& convolution, const torch::nn::BatchNorm2dImpl& norm,
                    at::ScalarType dtype);

  /// input: [N, C, H, W], of the constructor's dtype, in the weight's memory format. Returns [N, C', H', W']
  /// in the same format.
  at::Tensor run(const at::Tensor& input, Activation activation);

  /// relu(convolution(input) + residual), the end of a residual block. Overwrites the residual on the CPU.
  at::Tensor run_residual(const at::Tensor& input, at::Tensor residual);

  /// Adds the bias of another convolution, whose output is this one's residual, to this one's. On a GPU, the
  /// other then needs no pass for its bias.
  void take_over_bias_of(FoldedConvolution& other);

  /// Whether it runs on a GPU.
  bool is_on_gpu() const { return weight_.defined() && weight_.is_cuda(); }

 private:
  /// Brings the weight into its form, which depends on the size of the input.
  void prepare(const at::Tensor& input);
  at::Tensor convolve(const at::Tensor& input, const at::Tensor& bias) const;

  onednn::Geometry geometry_;
  at::Tensor weight_;  ///< Undefined once it is in another form.
  std::optional<WinogradConvolution> winograd_;
  std::optional<onednn::PackedWeight> packed_;
  at::Tensor bias_;  ///< Undefined if another convolution has it.
  bool prepared_ = false;
};

}  // namespace reverse_distillation
