#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

/// `cosine_map` (ops/ops.h) of all scales of a batch in one launch.
///
/// pairs: one to `kMaxMaps` scales of `batch` images, all of one type.
/// distances: one float32 [batch, positions] per pair.
/// scores: null, or float32 [batch], which is initialised as `launch_smoothing` expects its scores to be.
///   This saves a separate launch.
/// Returns the status of the launch; cudaErrorInvalidValue if the arguments do not match.
///
/// Bytes: each feature is read once, each distance written once:
///   batch * sum_k positions_k * (2 channels_k * element size + 4).
/// Operations: 6 per channel and position (three multiply-adds). At 3.0 TB/s and 60 TFLOP/s float32 the bytes
/// dominate, by a factor of 26 in float32 and 13 in 16 bits. Floor for wide_resnet50_2 at 256 x 256 and batch
/// 32: 470 MB, 157 us in float32; 236 MB, 79 us in 16 bits.
cudaError_t launch_cosine_map(FeaturePairs pairs, std::span<float* const> distances, int64_t batch,
                              ElementType type, float* scores, cudaStream_t stream);

/// `cosine_map_backward` (ops/ops.h): the gradient with respect to the student, of all scales in one launch.
///
/// grad: one float32 [batch, positions] per pair.
/// gradients: one per pair, of the student's type and layout.
/// Returns the status of the launch, as `launch_cosine_map` does.
///
/// Bytes: batch * sum_k positions_k * (3 channels_k * element size + 4) for channels-last features, which are
/// kept in registers and so read once, up to 1024 channels (no backbone has more). Channels beyond that, and
/// features that do not allow 16-byte reads, are read a second time, from the cache, since the warp has just
/// read them. Channels-first features are read twice: (5 channels_k * element size + 4). Operations: 9 per
/// channel and position. Floor for wide_resnet50_2 at batch 32, channels-last: 705 MB, 235 us in float32; 353
/// MB, 118 us in 16 bits.
cudaError_t launch_cosine_map_backward(FeaturePairs pairs, std::span<const float* const> grad,
                                       std::span<void* const> gradients, int64_t batch, ElementType type,
                                       cudaStream_t stream);

}  // namespace reverse_distillation::cuda
