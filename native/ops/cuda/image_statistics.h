#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

/// Normalised images without gaps: [images, 3, height, width], in either layout.
struct NormalisedImages {
  const void* values;
  int64_t images;
  int64_t height;  ///< At least 2, as the width.
  int64_t width;
  Layout layout;
};

/// How luma follows from an image's three channels: offset + sum_c weight[c] * channel c.
struct LumaWeights {
  float weight[3];
  float offset;
};

/// Bytes of device memory that `launch_image_statistics` needs, aligned to 8 bytes.
size_t image_statistics_workspace(int64_t images);

/// The statistics of `image_statistics` (pipeline/image_statistics.h) without a region of interest.
///
/// statistics: float32 [images, 3]: brightness, contrast, sharpness, which is 0 if the contrast is below
/// `least_contrast`. Sums are in double precision and in a fixed order, so equal images give equal bits. Two
/// launches. Returns the status of the last; cudaErrorInvalidValue if the arguments are out of range.
///
/// Bytes: those of the images. Floor for one of 256 x 256 in bfloat16 at 3.0 TB/s: 0.1 us.
cudaError_t launch_image_statistics(const NormalisedImages& images, ElementType type, const LumaWeights& luma,
                                    float least_contrast, float* statistics, void* workspace,
                                    cudaStream_t stream);

}  // namespace reverse_distillation::cuda
