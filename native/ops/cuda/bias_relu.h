#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

/// The output of a convolution, without gaps.
struct ConvolutionOutput {
  void* values;
  int64_t images;
  int64_t channels;
  int64_t positions;  ///< H W
  Layout layout;
};

/// What follows a convolution (`bias_relu_` in ops/ops.h): values = max(values + bias + residual, 0), in
/// place. Sums are float32, and rounded once.
///
/// bias: float32 [channels]. residual: null, or of the type, shape and layout of the values.
/// Reads and writes 16 bytes at a time if the pointers are aligned to 16 bytes and the contiguous dimension
/// is a multiple of 16 bytes; otherwise one element at a time. A NaN stays one. Returns the status of the
/// launch; cudaErrorInvalidValue if there are too many elements for one launch.
///
/// Bytes: 2 or, with a residual, 3 times those of the values. Floor for [32, 256, 64, 64] in bfloat16 at 3.0
/// TB/s: 67 MB a pass, so 45 us or 67 us.
cudaError_t launch_bias_relu(const ConvolutionOutput& output, const float* bias, const void* residual,
                             ElementType type, cudaStream_t stream);

}  // namespace reverse_distillation::cuda
