#pragma once

#include <ATen/core/Tensor.h>

namespace reverse_distillation {

// What every device's kernels ask of their arguments. Each throws a c10::Error that states the value met.

void check_feature_pairs(at::TensorList teacher, at::TensorList student);
/// As `check_feature_pairs`, for the losses, which have no value over no positions.
void check_loss_pairs(at::TensorList teacher, at::TensorList student);
void check_map_gradients(at::TensorList grad, at::TensorList student);
void check_upsample_sum(at::TensorList maps, int64_t height, int64_t width);
void check_gaussian_blur(const at::Tensor& maps, double sigma);

/// The layout in which a pair is read: channels-last if both are, else channels-first.
at::MemoryFormat pair_format(const at::Tensor& teacher, const at::Tensor& student);

}  // namespace reverse_distillation
