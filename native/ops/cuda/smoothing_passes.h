#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// `launch_smoothing` in one launch per map and one for all of them, with the rows in between in device
/// memory. It is for maps and sigmas with too many rows for a block's shared memory, but works with any;
/// `launch_smoothing` calls it when needed.
///
/// workspace: `smoothing_passes_workspace` bytes, aligned to 16; cudaErrorInvalidValue without it.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k + 2 width sum_k H_k).
cudaError_t launch_smoothing_passes(const SmoothingPlan& plan, const void* tables,
                                    std::span<const float* const> maps, int64_t batch, float* smoothed,
                                    float* scores, void* workspace, cudaStream_t stream);

/// Bytes of workspace for `launch_smoothing_passes`: every map's rows at the output's width.
size_t smoothing_passes_workspace(const SmoothingPlan& plan, int64_t batch);

}  // namespace reverse_distillation::cuda
