#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/batchnorm.h>

namespace reverse_distillation {

/// The end of a unit of a network in training: relu(batch norm(x) + residual); ReLU and residual are
/// optional.
///
/// Forward and gradient throw `Error(kAborted)` if the calling thread's work is cancelled.
///
/// x: [N, C, H, W]. residual: undefined, or of x's shape and dtype. In train mode the norm's running
/// statistics are updated as torch.nn.BatchNorm2d does.
///
/// On the CPU, in train mode and channels-last, the forward takes two passes over memory and so does the
/// gradient, instead of one pass per step. Sums are float32 over short runs of rows, and float64 over those.
/// Everything else goes through PyTorch's own operators. Repeatable to the bit with the same number of
/// threads.
at::Tensor normalised_activation(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x, bool relu,
                                 const at::Tensor& residual = {});

}  // namespace reverse_distillation
