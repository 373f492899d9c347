#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// `upsample_sum`, `gaussian_blur` (ops/ops.h) and the maximum of each map in one launch, according to a
/// plan. Writes only the smoothed maps and up to `batch` scores.
///
/// tables: the plan's tables in device memory, aligned to 16 bytes.
/// maps: one float32 [batch, H_k, W_k] per map of the plan, in its order. Values that are not finite make the
///   output around them NaN.
/// smoothed: float32 [batch, height, width].
/// scores: null, or float32 [batch]: the maximum of each smoothed map, the image's score S_AD (NaN if the map
///   contains one). All 32 bits of each must be set before the launch; `launch_cosine_map` does that, and so
///   does cudaMemsetAsync(scores, 0xFF, ...).
/// workspace: `smoothing_workspace` bytes, aligned to 16; null if that is 0.
/// Returns the status of the launch; cudaErrorInvalidValue if the arguments do not match.
///
/// A block keeps the input rows that it needs for 64 output rows plus the blur's reach on both sides, 64 + 8
/// sigma rows in all. It can keep up to 1815 rows of all maps together on sm_90 (227 KiB) and 1303 on sm_80
/// (163 KiB). So maps with up to that many rows together work with any sigma, and maps of any size work with
/// sigma up to 150 if one of them is as large as the output, which is the worst case for a backbone or
/// `gaussian_blur`. Beyond that, two passes keep the rows in device memory (`launch_smoothing_passes`), in
/// the workspace.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k), and the tables, which stay in the cache. Operations
/// from 64^2, 32^2 and 16^2 to 256^2 with sigma 4: 3.5 multiply-adds along the rows and 20 down the columns
/// per output position, 3.1 million operations per image. Floor per image at 3.0 TB/s and 60 TFLOP/s float32:
/// 284 KB and 0.095 us by the bytes, 0.051 us by the operations; 3.0 us for 32 images. `gaussian_blur` alone
/// at that size: 524 KB, 0.175 us; 66 multiply-adds per position, 8.7 million operations, 0.144 us.
cudaError_t launch_smoothing(const SmoothingPlan& plan, const void* tables,
                             std::span<const float* const> maps, int64_t batch, float* smoothed,
                             float* scores, void* workspace, cudaStream_t stream);

/// `bytes`: set to the workspace that `launch_smoothing` needs on the current device; usually 0. Returns the
/// status of the query for the device's shared memory.
cudaError_t smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes);

}  // namespace reverse_distillation::cuda
