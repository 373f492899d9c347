#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "inference/onednn.h"

namespace reverse_distillation {

/// A convolution on the CPU, transposed or not, whose inputs and weight have 8 bits, and whose sums have 32.
/// Inputs are at least 0; values above the range become its end.
class QuantisedConvolution {
 public:
  /// weight: float32 [C', C, k, k], or [C, C', 2, 2] if transposed, with a stride of 2. bias: float32 [C'].
  /// range: the value that the largest 8-bit input stands for; above 0.
  QuantisedConvolution(const at::Tensor& weight, const at::Tensor& bias, const onednn::Geometry& geometry,
                       double range);

  /// Brings inputs to 8 bits. input: float32 [N, C, H, W], channels-last. Returns uint8, channels-last.
  at::Tensor quantised(const at::Tensor& input) const;

  /// What one step of the 8-bit inputs stands for.
  double input_scale() const { return input_scale_; }

  /// convolution(input) + bias, then max(0, .) if `relu`. input: as `quantised` returns it. Returns float32,
  /// or uint8 in steps of `output_scale` if one is given; channels-last.
  at::Tensor convolve(const at::Tensor& input, bool relu, std::optional<double> output_scale);

  /// relu(convolution(input) + bias + residual). Overwrites the residual, which is float32. Not transposed.
  at::Tensor convolve_residual(const at::Tensor& input, at::Tensor residual);

 private:
  bool transposed_;
  double input_scale_;
  at::Tensor bias_;
  onednn::QuantisedWeight weight_;
};

}  // namespace reverse_distillation
