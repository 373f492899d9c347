#pragma once

#include <ATen/core/Tensor.h>

namespace reverse_distillation::onednn {

// LibTorch's operators over oneDNN that its own compiler generates calls to: a convolution whose weight lies
// in the order that the kernels read it in, and which ends with what follows it, in one pass over its output.

/// Whether this LibTorch has them, and they are switched on.
bool available();

/// Where a convolution reads: square, without dilation or groups.
struct Geometry {
  int64_t stride;
  int64_t padding;
  bool transposed;
};

/// A weight, [C', C, k, k] or for a transposed convolution [C, C', k, k], in the order of oneDNN's kernels.
at::Tensor pack(const at::Tensor& weight, const Geometry& geometry);

/// convolution(input) + bias, then max(0, .) if `relu`. input: [N, C, H, W], channels-last; so is the result.
at::Tensor convolve(const at::Tensor& input, const at::Tensor& packed, const at::Tensor& bias,
                    const Geometry& geometry, bool relu);

/// relu(convolution(input) + bias + residual), written over the residual. Not for transposed convolutions.
at::Tensor convolve_residual(const at::Tensor& input, const at::Tensor& packed, const at::Tensor& bias,
                             const Geometry& geometry, at::Tensor residual);

}  // namespace reverse_distillation::onednn
