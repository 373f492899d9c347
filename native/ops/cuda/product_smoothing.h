#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// `launch_smoothing` for maps that are multiplied, not added (`combine: product`): up-samples 1 to
/// `kMaxMaps` maps to the output's size, multiplies them, smooths the product and takes each map's maximum,
/// in one launch. A product has no banded matrix of its own, so a block works out its tile of the product,
/// with the blur's reach around it, in shared memory.
///
/// maps, sizes: as `launch_upsample` has them.
/// plan, tables: that of the smoothing of one map of the output's own size.
/// smoothed, scores: as `launch_smoothing` has them.
/// workspace: `product_smoothing_workspace` bytes, aligned to 16; null where that is 0.
/// Returns what the launch said; cudaErrorInvalidValue where the arguments do not fit together.
///
/// A block needs 4 * (64 + 8 sigma) * (64 + 8 sigma) bytes of shared memory: up to sigma 22 on sm_90 and
/// sigma 17 on sm_80. Beyond, the product goes through device memory: `launch_upsample`, then
/// `launch_smoothing`.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k). Operations from 64^2, 32^2 and 16^2 to 256^2 with sigma
/// 4: 29 a position of the product and 66 multiply-adds to smooth it, 10.5 million an image (the kernel works
/// the product out three times, since tiles overlap). Floor at 3.0 TB/s and 60 TFLOP/s float32: 0.095 us by
/// the bytes, 0.176 us by the operations, an image; 5.6 us for 32 images.
cudaError_t launch_product_smoothing(std::span<const float* const> maps, std::span<const MapSize> sizes,
                                     const SmoothingPlan& plan, const void* tables, int64_t batch,
                                     float* smoothed, float* scores, void* workspace, cudaStream_t stream);

/// `bytes`: set to those of workspace that `launch_product_smoothing` needs on the current device; mostly 0.
cudaError_t product_smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes);

}  // namespace reverse_distillation::cuda
