#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>
#include <vector>

namespace reverse_distillation {

// Each function calls the operator of the same name in the library `reverse_distillation` of PyTorch's
// dispatcher, which picks the kernel by device. ops.cpp holds the schemas and the checks that all devices
// share.

/// Cosine distance between teacher and student at every position of every scale (Deng & Li 2022, Eq. 1):
///   M(n, h, w) = 1 - <t, s> / (max(|t|, 1e-8) max(|s|, 1e-8)),  t = teacher(n, :, h, w), s = student(n, :,
///   h, w)
///
/// teacher, student: one pair a scale, each [N, C_k, H_k, W_k], float32, bfloat16 or, on a GPU, float16, both
/// of
///   a pair alike (on a GPU, all pairs); channels-first or channels-last (anything else is copied into
///   channels-first). N may be 0.
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

/// A loss and its gradient with respect to the student. They come together, since a loss is where
/// backpropagation begins: what comes from above is 1.
struct LossAndGradients {
  at::Tensor loss;                    ///< float32, a scalar
  std::vector<at::Tensor> gradients;  ///< One a pair, of the student's shape, dtype and layout.
};

/// The loss `location`: the sum over scales of the mean over images and positions of `cosine_map` (Deng & Li
/// 2022, Eq. 2), and its gradient, which is 0 where the student's norm is at or below 1e-8.
///
/// teacher, student: as `cosine_map` takes them; N, H_k and W_k at least 1. Not differentiable further.
LossAndGradients location_loss(at::TensorList teacher, at::TensorList student);

/// The loss `global`: the sum over scales of the mean over images of the cosine distance between whole
/// feature maps, each flattened, as the authors' published code has it; and its gradient. Otherwise as
/// `location_loss`.
LossAndGradients global_loss(at::TensorList teacher, at::TensorList student);

/// Maps of several scales as one, smoothed: combined at height x width (`upsample_sum`, or the product of the
/// up-sampled maps where `multiply`), `gaussian_blur`, and each map's maximum. On a GPU, one launch.
///
/// maps: as `upsample_sum` takes them.
/// Returns the smoothed maps, float32 [N, height, width], and their maxima, float32 [N] (NaN where a map
/// holds one). Not differentiable.
std::tuple<at::Tensor, at::Tensor> smooth_maps(at::TensorList maps, int64_t height, int64_t width,
                                               double sigma, bool multiply);

/// From features to what a detector answers: `cosine_map`, then `smooth_maps`. On a GPU, two launches.
std::tuple<at::Tensor, at::Tensor> anomaly_map(at::TensorList teacher, at::TensorList student, int64_t height,
                                               int64_t width, double sigma, bool multiply);

/// Images of any sizes as the networks see them, on a GPU alone: resized as `resize_pixels`
/// (pipeline/preprocess.h) resizes on the CPU, within a grey level, and normalised.
///
/// images: at least one uint8 [H, W, C] without gaps; C is 1 (grey, which becomes three equal channels), 3,
/// or 4
///   (the alpha is dropped).
/// scale, shift: three each; a pixel of 0 to 255 in channel c becomes pixel * scale[c] + shift[c].
/// Returns [N, 3, height, width] of `dtype` (float32, float16 or bfloat16), channels-last.
at::Tensor preprocess(at::TensorList images, int64_t height, int64_t width, at::ArrayRef<double> scale,
                      at::ArrayRef<double> shift, at::ScalarType dtype);

/// Sum of maps brought to one size by bilinear interpolation with aligned corners (Deng & Li 2022, Eq. 3).
///
/// maps: 1 to 4 tensors [N, H_k, W_k] float32. Returns [N, height, width] float32. Not differentiable.
at::Tensor upsample_sum(at::TensorList maps, int64_t height, int64_t width);

/// Their product instead, a pass a map. Otherwise as `upsample_sum`.
at::Tensor upsample_product(at::TensorList maps, int64_t height, int64_t width);

/// Gaussian smoothing as `scipy.ndimage.gaussian_filter` does it over each map: cut off at int(4 sigma + 0.5)
/// pixels, borders reflected with the edge repeated.
///
/// maps: [N, H, W] float32. sigma > 0, in pixels. Returns [N, H, W] float32. Not differentiable.
at::Tensor gaussian_blur(const at::Tensor& maps, double sigma);

}  // namespace reverse_distillation
