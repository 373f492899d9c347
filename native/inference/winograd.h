#pragma once

#include <ATen/core/Tensor.h>

#include "inference/winograd_kernels.h"

namespace reverse_distillation {

/// A 3 x 3 convolution of stride 1 with a border of 1 by Winograd's F(4 x 4, 3 x 3), in float32 on the CPU: a
/// quarter of the multiplications, and rounding errors of about ten times the direct convolution's. A result
/// does not depend on the number of threads, nor on the other images of a batch.
class WinogradConvolution {
 public:
  /// Whether it is faster than a direct convolution for a weight [C', C, k, k] on images of this size, and
  /// this processor and its kernels can do it.
  static bool suits(const at::Tensor& weight, int64_t height, int64_t width);

  /// weight: float32 [C', C, 3, 3], which `suits`. bias: float32 [C']. Keeps the weight transformed, in four
  /// times its memory.
  WinogradConvolution(const at::Tensor& weight, at::Tensor bias,
                      const cpu::WinogradKernels& kernels = cpu::winograd_kernels().front());

  /// convolution(input) + bias, then max(0, .) if `relu`. input: float32 [N, C, H, W], channels-last. Returns
  /// channels-last.
  at::Tensor convolve(const at::Tensor& input, bool relu) const;

  /// relu(convolution(input) + bias + residual). Overwrites the residual, which must not be the input.
  at::Tensor convolve_residual(const at::Tensor& input, at::Tensor residual) const;

 private:
  void run(const at::Tensor& input, const float* residual, bool relu, at::Tensor& output) const;

  const cpu::WinogradKernels* kernels_;
  int64_t inputs_;  ///< Channels.
  int64_t outputs_;
  at::Tensor weight_;  ///< [kPlaces, C' / panel, C, panel]
  at::Tensor bias_;
  at::Tensor zeros_;  ///< [C], the border
};

}  // namespace reverse_distillation
