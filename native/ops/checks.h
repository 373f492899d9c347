#pragma once

#include <ATen/core/Tensor.h>

namespace reverse_distillation {

// Checks of arguments, shared by the kernels of all devices. Each throws a c10::Error that states the value
// given.

void check_feature_pairs(at::TensorList teacher, at::TensorList student);
/// Like `check_feature_pairs`, for the losses, which also need at least one position.
void check_loss_pairs(at::TensorList teacher, at::TensorList student);
void check_map_gradients(at::TensorList grad, at::TensorList student);
void check_upsample_sum(at::TensorList maps, int64_t height, int64_t width);
void check_gaussian_blur(const at::Tensor& maps, double sigma);

/// The layout in which a pair is read: channels-last if both tensors are, otherwise channels-first.
at::MemoryFormat pair_format(const at::Tensor& teacher, const at::Tensor& student);

}  // namespace reverse_distillation
