#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>
#include <vector>

namespace reverse_distillation {

// Each function calls the operator of the same name in the library `reverse_distillation` of PyTorch's
// dispatcher, which picks the kernel by device. ops.cpp holds the schemas; checks.h holds the checks that all
// devices share.

/// Cosine distance between teacher and student at every position of every scale (Deng & Li 2022, Eq. 1):
///   M(n, h, w) = 1 - <t, s> / (max(|t|, 1e-8) max(|s|, 1e-8)),
///   t = teacher(n, :, h, w), s = student(n, :, h, w)
///
/// teacher, student: one pair per scale, each [N, C_k, H_k, W_k], float32, bfloat16 or, on a GPU, float16.
///   Both tensors of a pair have the same dtype; on a GPU, all pairs do. Channels-first or channels-last;
///   other layouts are copied to channels-first. N may be 0.
/// Returns one float32 [N, H_k, W_k] per pair; sums accumulate in float32. Differentiable only in `student`.
/// Throws c10::Error if shapes or dtypes do not match.
std::vector<at::Tensor> cosine_map(at::TensorList teacher, at::TensorList student);

/// Gradient of `cosine_map` with respect to the student:
///   dM/ds = <t, s> s / (|t| |s|^3) - t / (|t| |s|)
/// It is 0 where the student's norm is at or below the floor of 1e-8: the method wants it so for zero
/// vectors, and the clamped formula would give values up to 1e8 there.
///
/// grad: one float32 [N, H_k, W_k] per pair. Returns tensors of the student's shapes, dtypes and layouts.
std::vector<at::Tensor> cosine_map_backward(at::TensorList grad, at::TensorList teacher,
                                            at::TensorList student);

/// A loss and its gradient with respect to the student. They are computed together: backpropagation starts at
/// a loss, so the upstream gradient is always 1.
struct LossAndGradients {
  at::Tensor loss;                    ///< float32, a scalar
  std::vector<at::Tensor> gradients;  ///< One per pair, of the student's shape, dtype and layout.
};

/// The loss `location`: the sum over scales of the mean over images and positions of `cosine_map` (Deng & Li
/// 2022, Eq. 2), and its gradient, which is 0 where the student's norm is at or below 1e-8.
///
/// teacher, student: as for `cosine_map`, with N, H_k and W_k at least 1. Not differentiable further.
LossAndGradients location_loss(at::TensorList teacher, at::TensorList student);

/// The loss `global`: the sum over scales of the mean over images of the cosine distance between whole
/// flattened feature maps, as in the authors' published code; and its gradient. Otherwise like
/// `location_loss`.
LossAndGradients global_loss(at::TensorList teacher, at::TensorList student);

/// Combines maps of several scales at height x width (`upsample_sum`, or `upsample_product` if `multiply`),
/// smooths the result by `gaussian_blur`, and takes each map's maximum. On a GPU, one launch.
///
/// maps: as for `upsample_sum`. Returns the smoothed maps, float32 [N, height, width], and their maxima,
/// float32 [N] (NaN if a map contains one). Not differentiable.
std::tuple<at::Tensor, at::Tensor> smooth_maps(at::TensorList maps, int64_t height, int64_t width,
                                               double sigma, bool multiply);

/// From features to a detector's answer: `cosine_map`, then `smooth_maps`. On a GPU, two launches.
std::tuple<at::Tensor, at::Tensor> anomaly_map(at::TensorList teacher, at::TensorList student, int64_t height,
                                               int64_t width, double sigma, bool multiply);

/// Prepares images of any sizes for the networks; GPU only. Resizes as `resize_pixels`
/// (pipeline/preprocess.h) does on the CPU, to within one grey level, and normalises.
///
/// images: at least one uint8 [H, W, C] without gaps. C is 1 (grey, repeated in three channels), 3, or 4
///   (alpha is dropped).
/// scale, shift: three values each; a pixel value of 0 to 255 in channel c becomes pixel * scale[c] +
/// shift[c]. Returns [N, 3, height, width] of `dtype` (float32, float16 or bfloat16), channels-last.
at::Tensor preprocess(at::TensorList images, int64_t height, int64_t width, at::ArrayRef<double> scale,
                      at::ArrayRef<double> shift, at::ScalarType dtype);

/// What follows a convolution without a bias, in place; GPU only: output = output + bias + residual, summed
/// in float32, then max(0, .) if `relu`.
///
/// output: [N, C, H, W], channels-last, float32, float16 or bfloat16. bias: float32 [C], or undefined for
/// none. residual: like the output but not the same memory, or undefined for none. Not differentiable.
void convolution_epilogue(const at::Tensor& output, const at::Tensor& bias, const at::Tensor& residual,
                          bool relu);

/// Sum of maps, each resized bilinearly with aligned corners (Deng & Li 2022, Eq. 3).
///
/// maps: 1 to 4 tensors [N, H_k, W_k] float32. Returns [N, height, width] float32. Not differentiable.
at::Tensor upsample_sum(at::TensorList maps, int64_t height, int64_t width);

/// Their product, in one pass per map. Otherwise like `upsample_sum`.
at::Tensor upsample_product(at::TensorList maps, int64_t height, int64_t width);

/// Gaussian smoothing of each map, as by `scipy.ndimage.gaussian_filter`: truncated at int(4 sigma + 0.5)
/// pixels, borders reflected with the edge repeated.
///
/// maps: float32 [N, H, W]. sigma > 0, in pixels. Returns float32 [N, H, W]. Not differentiable.
at::Tensor gaussian_blur(const at::Tensor& maps, double sigma);

}  // namespace reverse_distillation
