#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

/// Pixels of an image in device memory: 8 bits, rows from the top, channels interleaved, no padding.
struct DevicePixels {
  const uint8_t* data;
  int64_t width;
  int64_t height;
  int64_t channels;  ///< 1: grey, repeated in three channels; 3: RGB; 4: RGB and alpha, which is
                     ///< dropped.
};

/// How a pixel value of 0 to 255 in channel c is normalised: pixel * scale[c] + shift[c].
struct PixelNormalisation {
  float scale[3];
  float shift[3];
};

/// Resizes images of any size to height x width (antialiased, bilinear, rounded to 8 bits, as PIL and
/// torchvision do) and normalises them. PIL also rounds between its two passes, this kernel only at the end;
/// the results agree within one grey level. An image that already has the right size is not resampled.
///
/// output: [images, height, width, 3] of `type`, that is [N, 3, H, W] channels-last.
/// One launch for up to 32 images, more launches for more.
/// Returns the status of the launches; cudaErrorInvalidValue if the arguments do not match.
///
/// Bytes per image: channels * its height * its width + 3 height width * element size. Operations, for a
/// reduction by r per side: 2 r multiply-adds per channel along each input row, and 2 r down the columns.
/// Floor at 3.0 TB/s and 60 TFLOP/s float32 from 900 x 900 RGB to 256 x 256 float32: 3.2 MB, 1.1 us by the
/// bytes; 13 million operations, 0.2 us.
cudaError_t launch_preprocess(std::span<const DevicePixels> images, int64_t height, int64_t width,
                              const PixelNormalisation& normalisation, ElementType type, void* output,
                              cudaStream_t stream);

}  // namespace reverse_distillation::cuda
