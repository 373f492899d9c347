#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>

#include <optional>

#include "inference/activation_range.h"
#include "inference/onednn.h"
#include "inference/quantised_convolution.h"
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
/// Winograd's algorithm where that is faster, in oneDNN's memory order, or in 8 bits; in the model's own
/// memory format on a GPU, and on the CPU if LibTorch has no oneDNN. All inputs must be of the same height
/// and width. Not synchronised: one thread at a time.
class FoldedConvolution {
 public:
  /// convolution: a Conv2d or ConvTranspose2d, square, without bias, dilation or groups.
  FoldedConvolution(const torch::nn::Module& convolution, const torch::nn::BatchNorm2dImpl& norm,
                    at::ScalarType dtype);

  /// Collects the values of all inputs from now on. Before the first input.
  void observe() { observed_.emplace(); }

  /// What the inputs have been since `observe`.
  const ActivationRange& observed() const { return observed_.value(); }

  /// Computes in 8 bits from now on. Before the first input; on the CPU, in float32, and only if
  /// `onednn::runs_int8`. range: where inputs end; above 0.
  void quantise(double range);

  /// The input in the form that `run` computes with, for convolutions with the same range to share.
  at::Tensor prepared(const at::Tensor& input) const;

  /// input: [N, C, H, W], of the constructor's dtype, in the weight's memory format, or `prepared`. Returns
  /// [N, C', H', W'] in the same format: of the same dtype, or `prepared` for `reader`, which alone reads it.
  at::Tensor run(const at::Tensor& input, Activation activation, const FoldedConvolution* reader = nullptr);

  /// relu(convolution(input) + residual), the end of a residual block. The residual and what is returned have
  /// the constructor's dtype. Overwrites the residual on the CPU.
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
  std::optional<QuantisedConvolution> quantised_;
  std::optional<ActivationRange> observed_;
  at::Tensor bias_;  ///< Undefined if another convolution has it.
  bool prepared_ = false;
};

}  // namespace reverse_distillation
