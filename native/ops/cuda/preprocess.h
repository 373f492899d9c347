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
  int64_t channels;  ///< 1: grey, which becomes three equal channels; 3: RGB; 4: RGB and an alpha, which is
                     ///< dropped.
};

/// What becomes of a pixel of 0 to 255 in channel c: pixel * scale[c] + shift[c].
struct PixelNormalisation {
  float scale[3];
  float shift[3];
};

/// Brings images of any size to height x width by an antialiased bilinear resize, rounded to 8 bits as PIL
/// and torchvision do, and normalises them. PIL rounds between its two passes as well, this only at the end:
/// they agree within one grey level. An image of the right size passes as it is.
///
/// output: [images, height, width, 3] of `type`, that is [N, 3, H, W] channels-last.
/// One launch for up to 32 images, more launches for more.
/// Returns what the launches said; cudaErrorInvalidValue where the arguments do not fit together.
///
/// Bytes an image: channels * its height * its width + 3 height width * element size. Operations, reduced r
/// times a side: 2 r multiply-adds a channel along the rows of each input row, 2 r down the columns. Floor
/// at 3.0 TB/s and 60 TFLOP/s float32 from 900 x 900 RGB to 256 x 256 float32: 3.2 MB, 1.1 us by the bytes;
/// 13 million operations, 0.2 us.
cudaError_t launch_preprocess(std::span<const DevicePixels> images, int64_t height, int64_t width,
                              const PixelNormalisation& normalisation, ElementType type, void* output,
                              cudaStream_t stream);

}  // namespace reverse_distillation::cuda
