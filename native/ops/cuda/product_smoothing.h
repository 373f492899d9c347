#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// `launch_smoothing` for maps that are multiplied instead of added (`combine: product`): up-samples 1 to
/// `kMaxMaps` maps to the output's size, multiplies them, smooths the product and takes each map's maximum,
/// in one launch. A product has no banded matrix of its own, so each block computes its tile of the product,
/// plus a margin of the blur's reach, in shared memory.
///
/// maps, sizes: as for `launch_upsample`.
/// plan, tables: the plan for smoothing one map of the output's own size.
/// smoothed, scores: as for `launch_smoothing`.
/// workspace: `product_smoothing_workspace` bytes, aligned to 16; null if that is 0.
/// Returns the status of the launch; cudaErrorInvalidValue if the arguments do not match.
///
/// A block needs 4 * (64 + 8 sigma) * (64 + 8 sigma) bytes of shared memory, which suffices for sigma up to
/// 22 on sm_90 and 17 on sm_80. Beyond that the product goes through device memory: `launch_upsample`, then
/// `launch_smoothing`.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k). Operations from 64^2, 32^2 and 16^2 to 256^2 with sigma
/// 4: 29 per position of the product and 66 multiply-adds to smooth it, 10.5 million per image (the kernel
/// computes the product three times, since tiles overlap). Floor per image at 3.0 TB/s and 60 TFLOP/s
/// float32: 0.095 us by the bytes, 0.176 us by the operations; 5.6 us for 32 images.
cudaError_t launch_product_smoothing(std::span<const float* const> maps, std::span<const MapSize> sizes,
                                     const SmoothingPlan& plan, const void* tables, int64_t batch,
                                     float* smoothed, float* scores, void* workspace, cudaStream_t stream);

/// `bytes`: set to the workspace that `launch_product_smoothing` needs on the current device; usually 0.
cudaError_t product_smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes);

}  // namespace reverse_distillation::cuda
