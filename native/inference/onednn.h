#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace reverse_distillation::onednn {

// LibTorch's operators over oneDNN that its own compiler generates calls to: a convolution whose weight lies
// in the order that the kernels read it in, and which ends with what follows it, in one pass over its output.

/// Whether this LibTorch has them, and they are switched on.
bool available();

/// Whether convolutions in bfloat16 run on this processor. oneDNN's need AVX-512 (BW, VL and DQ) or
/// AVX-NE-CONVERT and throw without; LibTorch's own, used if `available()` is false, run everywhere.
bool runs_bfloat16();

/// Where a convolution reads: square, without dilation or groups.
struct Geometry {
  int64_t stride;
  int64_t padding;
  bool transposed;
};

/// A convolution's weight in the order that oneDNN's kernels read it in. That order depends on the input:
/// weights that lie otherwise are put in order anew at each call, at several times the cost of the call
/// itself. So it is packed for the first input, and once more where several images ask for another order
/// than one.
class PackedWeight {
 public:
  /// weight: [C', C, k, k], or [C, C', k, k] for a transposed convolution; contiguous.
  PackedWeight(at::Tensor weight, const Geometry& geometry);

  /// convolution(input) + bias, then max(0, .) if `relu`. input: [N, C, H, W], channels-last; so is the
  /// result.
  at::Tensor convolve(const at::Tensor& input, const at::Tensor& bias, bool relu);

  /// relu(convolution(input) + bias + residual), written over the residual. Not for transposed convolutions.
  at::Tensor convolve_residual(const at::Tensor& input, const at::Tensor& bias, at::Tensor residual);

 private:
  const at::Tensor& packed_for(const at::Tensor& input);
  at::Tensor pack(const at::Tensor& weight, at::IntArrayRef input_size) const;
  at::Tensor unpack(const at::Tensor& packed) const;

  Geometry geometry_;
  at::Tensor weight_;                 ///< As given; dropped once it is packed.
  std::array<at::Tensor, 2> packed_;  ///< For one image, and for several.
};

}  // namespace reverse_distillation::onednn
