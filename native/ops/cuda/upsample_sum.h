#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// How the up-sampled maps of the scales are combined.
enum class MapCombination { kSum, kProduct };

/// Only `upsample_sum` (ops/ops.h), or the product instead of the sum: resizes maps to height x width by
/// bilinear interpolation with aligned corners and combines them, without smoothing.
///
/// maps, sizes: 1 to `kMaxMaps` maps, float32 [batch, H_k, W_k].
/// output: float32 [batch, height, width].
/// Returns the status of the launch; cudaErrorInvalidValue if the arguments do not match.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k). Operations: 9 per map and output position, not counting
/// positions and weights. Floor per image at 3.0 TB/s and 60 TFLOP/s float32 from 64^2, 32^2 and 16^2 to
/// 256^2: 284 KB and 0.095 us by the bytes, 0.029 us by the operations; 3.0 us for 32 images.
cudaError_t launch_upsample(std::span<const float* const> maps, std::span<const MapSize> sizes,
                            MapCombination combination, int64_t batch, int64_t height, int64_t width,
                            float* output, cudaStream_t stream);

}  // namespace reverse_distillation::cuda
