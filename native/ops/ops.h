#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation {

// Each function calls the operator of the same name in the library `reverse_distillation` of PyTorch's
// dispatcher, which picks the kernel by device. ops.cpp holds the schemas and the checks that all devices
// share.

/// Cosine distance between teacher and student at every position of every scale (Deng & Li 2022, Eq. 1):
///   M(n, h, w) = 1 - <t, s> / (max(|t|, 1e-8) max(|s|, 1e-8)),  t = teacher(n, :, h, w), s = student(n, :,
///   h, w)
///
/// teacher, student: one pair a scale, each [N, C_k, H_k, W_k], float32 or bfloat16, both of a pair alike;
///   channels-first or channels-last (anything else is copied into channels-first). N may be 0.
/// Returns one [N, H_k, W_k] float32 a pair; sums accumulate in float32.
/// Differentiable in `student` only. Throws c10::Error on shapes or dtypes that do not fit.
std::vector<at::Tensor> cosine_map(at::TensorList teacher, at::TensorList student);

/// Gradient of `cosine_map` with respect to the student:
///   dM/ds = <t, s> s / (|t| |s|^3) - t / (|t| |s|)
/// It is 0 where the student's norm is at or below the floor of 1e-8 (the method asks it of zero vectors; the
/// clamped formula would give up to 1e8 there).
///
/// grad: one [N, H_k, W_k] float32 a pair. Returns tensors of the student's shapes, dtypes and layouts.
std::vector<at::Tensor> cosine_map_backward(at::TensorList grad, at::TensorList teacher,
                                            at::TensorList student);

/// Sum of maps brought to one size by bilinear interpolation with aligned corners (Deng & Li 2022, Eq. 3).
///
/// maps: 1 to 4 tensors [N, H_k, W_k] float32. Returns [N, height, width] float32. Not differentiable.
at::Tensor upsample_sum(at::TensorList maps, int64_t height, int64_t width);

/// Gaussian smoothing as `scipy.ndimage.gaussian_filter` does it over each map: cut off at int(4 sigma + 0.5)
/// pixels, borders reflected with the edge repeated.
///
/// maps: [N, H, W] float32. sigma > 0, in pixels. Returns [N, H, W] float32. Not differentiable.
at::Tensor gaussian_blur(const at::Tensor& maps, double sigma);

}  // namespace reverse_distillation
