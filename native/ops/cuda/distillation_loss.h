#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

// Loss and gradient at once: a loss is where backpropagation begins, so what comes from above is a constant.
//
// pairs: one to `kMaxMaps` scales of `batch` >= 1 images, all of one type.
// gradients: one a pair, of the student's type and layout: the loss's gradient by the student, times
//   `gradient_scale` (1, or the loss scaling that float16 training works with). It is 0 at a student vector
//   whose norm is at or below 1e-8.
// loss: one float32, in device memory, not scaled.
// workspace: device memory of the size that the function beside says, aligned to 16 bytes; only one launch at
// a
//   time may use it.
// The same arguments give the same bits: no sum depends on the order in which blocks run.
// Each returns what its launch said; cudaErrorInvalidValue where the arguments do not fit together.

/// The loss `location`: sum over scales of the mean over images and positions of the cosine distance (Deng &
/// Li 2022, Eq. 2). One launch; channels-last features are read once.
///
/// workspace: its first 4 bytes must be 0 before the first launch; each launch leaves them so.
///
/// Bytes: batch * sum_k positions_k * 3 channels_k * element size, channels-last (5 instead of 3
/// channels-first; see `launch_cosine_map_backward`). Operations: 9 a channel and position. Floor at 3.0 TB/s
/// and 60 TFLOP/s float32 for wide_resnet50_2 at 256 x 256 and batch 16: 352 MB, 117 us in float32; 176 MB,
/// 59 us in 16 bits (the operations: 4 us).
cudaError_t launch_location_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                                 ElementType type, float gradient_scale, float* loss, void* workspace,
                                 cudaStream_t stream);

/// Bytes of workspace for `launch_location_loss`; 0 where the arguments do not fit together.
size_t location_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type);

/// The loss `global`: sum over scales of the mean over images of the cosine distance between whole feature
/// maps, each flattened, as the authors' published code has it. Teacher and student of a pair must lie in one
/// layout; which one does not matter.
///
/// Two launches, one pass over the features each. It takes two: no element's gradient is known before its
/// whole image has been summed, and images do not fit on the chip (2 x 4 MB for wide_resnet50_2's first scale
/// in float32).
///
/// Bytes: batch * sum_k positions_k * 5 channels_k * element size. Operations: 9 a channel and position.
/// Floor for wide_resnet50_2 at 256 x 256 and batch 16: 587 MB, 196 us in float32; 294 MB, 98 us in 16 bits.
cudaError_t launch_global_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                               ElementType type, float gradient_scale, float* loss, void* workspace,
                               cudaStream_t stream);

/// Bytes of workspace for `launch_global_loss`; 0 where the arguments do not fit together.
size_t global_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type);

}  // namespace reverse_distillation::cuda
