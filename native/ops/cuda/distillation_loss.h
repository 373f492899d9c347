#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

// Loss and gradient together: backpropagation starts at a loss, so the upstream gradient is a constant.
//
// pairs: one to `kMaxMaps` scales of `batch` >= 1 images, all of one type.
// gradients: one per pair, of the student's type and layout: the gradient of the loss with respect to the
//   student, times `gradient_scale` (1, or the loss scaling of float16 training). It is 0 for a student
//   vector whose norm is at or below 1e-8.
// loss: one float32 in device memory, not scaled.
// workspace: device memory of the size that the function next to the launch returns, aligned to 16 bytes.
//   Only one launch at a time may use it.
// Equal arguments give equal bits: no sum depends on the order in which blocks run. Each function returns the
// status of its launch; cudaErrorInvalidValue if the arguments do not match.

/// The loss `location`: sum over scales of the mean over images and positions of the cosine distance (Deng &
/// Li 2022, Eq. 2). One launch; channels-last features are read once.
///
/// workspace: its first 4 bytes must be 0 before the first launch; each launch leaves them 0.
///
/// Bytes: batch * sum_k positions_k * 3 channels_k * element size for channels-last features (5 instead of 3
/// for channels-first; see `launch_cosine_map_backward`). Operations: 9 per channel and position. Floor at
/// 3.0 TB/s and 60 TFLOP/s float32 for wide_resnet50_2 at 256 x 256 and batch 16: 352 MB, 117 us in float32;
/// 176 MB, 59 us in 16 bits (the operations: 4 us).
cudaError_t launch_location_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                                 ElementType type, float gradient_scale, float* loss, void* workspace,
                                 cudaStream_t stream);

/// Bytes of workspace for `launch_location_loss`; 0 if the arguments do not match.
size_t location_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type);

/// The loss `global`: sum over scales of the mean over images of the cosine distance between whole flattened
/// feature maps, as in the authors' published code. Teacher and student of a pair must have the same layout;
/// either layout will do.
///
/// Two launches, with one pass over the features each. Two are needed: no element's gradient is known before
/// its whole image has been summed, and images do not fit on the chip (2 x 4 MB for wide_resnet50_2's first
/// scale in float32).
///
/// Bytes: batch * sum_k positions_k * 5 channels_k * element size. Operations: 9 per channel and position.
/// Floor for wide_resnet50_2 at 256 x 256 and batch 16: 587 MB, 196 us in float32; 294 MB, 98 us in 16 bits.
cudaError_t launch_global_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                               ElementType type, float gradient_scale, float* loss, void* workspace,
                               cudaStream_t stream);

/// Bytes of workspace for `launch_global_loss`; 0 if the arguments do not match.
size_t global_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type);

}  // namespace reverse_distillation::cuda
