#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// `upsample_sum`, `gaussian_blur` (ops/ops.h) and the maximum of each map in one launch, as the plan says.
/// Writes the smoothed map once, and besides it `batch` scores at most.
///
/// tables: the plan's, in device memory, aligned to 16 bytes.
/// maps: one [batch, H_k, W_k] float32 for each map of the plan, in its order. What is not finite makes NaN
/// of the
///   output around it.
/// smoothed: [batch, height, width] float32.
/// scores: null, or [batch] float32: the maximum of each smoothed map, the image's score S_AD (NaN where the
/// map
///   holds one). Each must hold 32 set bits before the launch; `launch_cosine_map` sees to it, as does
///   cudaMemsetAsync(scores, 0xFF, ...).
/// workspace: `smoothing_workspace` bytes, aligned to 16; null where that is 0.
/// Returns what the launch said; cudaErrorInvalidValue where the arguments do not fit together.
///
/// A block keeps the input rows that 64 output rows and the blur's reach on both sides, 64 + 8 sigma in all,
/// are made of: up to 1815 rows of all maps together on sm_90 (227 KiB), 1303 on sm_80 (163 KiB). So maps of
/// up to that many rows together take any sigma, and maps of any size take sigma up to 150 where one of them
/// is as large as the output, which is the worst that a backbone or `gaussian_blur` asks for. Beyond, it is
/// two passes with the rows in device memory between them (`launch_smoothing_passes`), and the workspace is
/// for these.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k), and the tables, which stay in the cache.
/// Operations, from 64^2, 32^2 and 16^2 to 256^2 with sigma 4: an output position takes 3.5 multiply-adds
/// along the rows and 20 down the columns, so 3.1 million operations an image. Floor at 3.0 TB/s and 60
/// TFLOP/s float32: 284 KB and 0.095 us by the bytes, 0.051 us by the operations, an image; 3.0 us for 32
/// images. `gaussian_blur` alone at that size: 524 KB, 0.175 us; 66 multiply-adds a position, 8.7 million
/// operations, 0.144 us.
cudaError_t launch_smoothing(const SmoothingPlan& plan, const void* tables,
                             std::span<const float* const> maps, int64_t batch, float* smoothed,
                             float* scores, void* workspace, cudaStream_t stream);

/// `bytes`: set to those of workspace that `launch_smoothing` needs on the current device; mostly 0.
/// Returns what the device said when it was asked for its shared memory.
cudaError_t smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes);

}  // namespace reverse_distillation::cuda
