#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>

namespace reverse_distillation::onednn {

// The oneDNN operators that LibTorch's own compiler generates calls to: a convolution whose weight is stored
// in the order in which the kernels read it, fused with what follows it into one pass over its output.

/// Whether this LibTorch has these operators and they are switched on.
bool available();

/// Whether convolutions in bfloat16 run on this processor. oneDNN's need AVX-512 (BW, VL and DQ) or
/// AVX-NE-CONVERT and throw without; LibTorch's own, used if `available()` is false, run everywhere.
bool runs_bfloat16();

/// How a convolution reads its input: square, without dilation or groups.
struct Geometry {
  int64_t stride;
  int64_t padding;
  bool transposed;
};

/// A convolution's weight in the order in which oneDNN's kernels read it. That order depends on the input,
/// and a weight in another order is reordered at every call, at several times the cost of the call itself. So
/// the weight is packed for the first input, and once more if several images need another order than one
/// image.
class PackedWeight {
 public:
  /// weight: [C', C, k, k], or [C, C', k, k] for a transposed convolution; contiguous.
  PackedWeight(at::Tensor weight, const Geometry& geometry);

  /// convolution(input) + bias, then max(0, .) if `relu`. input: [N, C, H, W], channels-last. Returns
  /// channels-last.
  at::Tensor convolve(const at::Tensor& input, const at::Tensor& bias, bool relu);

  /// relu(convolution(input) + bias + residual). Overwrites the residual. Not for transposed convolutions.
  at::Tensor convolve_residual(const at::Tensor& input, const at::Tensor& bias, at::Tensor residual);

 private:
  const at::Tensor& packed_for(const at::Tensor& input);
  at::Tensor pack(const at::Tensor& weight, at::IntArrayRef input_size) const;
  at::Tensor unpack(const at::Tensor& packed) const;

  Geometry geometry_;
  at::Tensor weight_;                 ///< As given; dropped once it is packed.
  std::array<at::Tensor, 2> packed_;  ///< For one image, and for several.
};

/// Whether this LibTorch has the operators of `QuantisedWeight`, and they are switched on.
bool runs_int8();

/// A convolution's weight in 8 bits, for inputs in 8 bits: w = scale[c'] q with q from -63 to 63. Such a q
/// and inputs up to 255 cannot saturate the sums of two products that processors without VNNI keep in 16
/// bits, so results are the same on all processors.
class QuantisedWeight {
 public:
  /// weight: float32 [C', C, k, k], contiguous. geometry: not transposed. input_scale: an input x stands for
  /// input_scale x.
  QuantisedWeight(const at::Tensor& weight, const Geometry& geometry, double input_scale);

  /// convolution(input) + bias, then max(0, .) if `relu`. input: uint8 [N, C, H, W], channels-last. bias:
  /// float32 [C']. Returns float32, or uint8 in units of `output_scale` if one is given; channels-last.
  at::Tensor convolve(const at::Tensor& input, const at::Tensor& bias, bool relu,
                      std::optional<double> output_scale);

  /// relu(convolution(input) + bias + residual), all but the input float32. Overwrites the residual.
  at::Tensor convolve_residual(const at::Tensor& input, const at::Tensor& bias, at::Tensor residual);

 private:
  const at::Tensor& packed_for(const at::Tensor& input);

  Geometry geometry_;
  double input_scale_;
  at::Tensor weight_;                 ///< int8 [C', C, k, k]
  at::Tensor scales_;                 ///< float32 [C']
  at::Tensor zero_points_;            ///< int64 [C'], all 0.
  std::array<at::Tensor, 2> packed_;  ///< For one image, and for several.
};

}  // namespace reverse_distillation::onednn
