#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// How the up-sampled maps of the scales become one.
enum class MapCombination { kSum, kProduct };

/// `upsample_sum` (ops/ops.h) alone, or the product in place of the sum: maps brought to height x width by
/// bilinear interpolation with aligned corners, and combined, not smoothed.
///
/// maps, sizes: 1 to `kMaxMaps` maps [batch, H_k, W_k] float32.
/// output: [batch, height, width] float32.
/// Returns what the launch said; cudaErrorInvalidValue where the arguments do not fit together.
///
/// Bytes: batch * 4 * (height width + sum_k H_k W_k). Operations: 9 a map and output position, the places and
/// weights apart. Floor at 3.0 TB/s and 60 TFLOP/s float32 from 64^2, 32^2 and 16^2 to 256^2: 284 KB and
/// 0.095 us by the bytes, 0.029 us by the operations, an image; 3.0 us for 32 images.
cudaError_t launch_upsample(std::span<const float* const> maps, std::span<const MapSize> sizes,
                            MapCombination combination, int64_t batch, int64_t height, int64_t width,
                            float* output, cudaStream_t stream);

}  // namespace reverse_distillation::cuda
