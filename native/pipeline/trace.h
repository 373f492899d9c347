#pragma once

#include "pipeline/anomaly_map.h"
#include "pipeline/tensor_state.h"

namespace reverse_distillation {

/// Everything that the model computes on one batch, step by step, so that another implementation can be
/// compared with this one. Goes through the code that scores and trains, and leaves the model as it was.
///
/// images: uint8 [N, H, W, 3]. Everything is computed in float32. Returns contiguous float32 tensors on the
/// CPU:
///   teacher.K, student.K    K = 1..3, the features in eval mode, [N, C, H / 2^(K+1), W / 2^(K+1)]
///   map, smoothed           the anomaly map before and after smoothing, [N, H, W]
///   loss                    in train mode, a scalar
///   gradient.P.T            its gradient in the parameter T of the part P, `bn` or `decoder`; parameters
///   that
///                           the layout never runs have none
std::vector<NamedTensor> trace(ReverseDistillation& model, const ModelConfig& config,
                               const at::Tensor& images, Loss loss);

}  // namespace reverse_distillation
