#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/batchnorm.h>

namespace reverse_distillation {

/// What ends a unit of a network that is trained: relu(batch norm(x) + residual), each of ReLU and residual
/// where it is asked for.
///
/// x: [N, C, H, W]. residual: undefined, or of x's shape and dtype. In train mode the norm's running
/// statistics move, as torch.nn.BatchNorm2d moves them.
///
/// On the CPU, in train mode and channels-last, it is computed in two passes over memory, and its gradient in
/// two, in place of one for each step. Sums are of float32 over stretches of rows, and of float64 over those.
/// Anything else goes through PyTorch's own operators. Repeatable to the bit with equal numbers of threads.
at::Tensor normalised_activation(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x, bool relu,
                                 const at::Tensor& residual = {});

}  // namespace reverse_distillation
