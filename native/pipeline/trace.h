#pragma once

#include "pipeline/anomaly_map.h"
#include "pipeline/tensor_state.h"

namespace reverse_distillation {

/// Everything that the model computes on one batch, step by step, for comparison with another implementation.
/// Runs the same code as scoring and training, and leaves the model unchanged.
///
/// images: uint8 [N, H, W, 3]. Everything is computed in float32. Returns contiguous float32 tensors on the
/// CPU:
///   teacher.K, student.K    K = 1..3, the features in eval mode, [N, C, H / 2^(K+1), W / 2^(K+1)]
///   map, smoothed           the anomaly map before and after smoothing, [N, H, W]
///   loss                    in train mode, a scalar
///   gradient.P.T            the loss's gradient with respect to parameter T of part P, `bn` or `decoder`;
///                           parameters that the layout never runs have none
std::vector<NamedTensor> trace(ReverseDistillation& model, const ModelConfig& config,
                               const at::Tensor& images, Loss loss);

}  // namespace reverse_distillation
