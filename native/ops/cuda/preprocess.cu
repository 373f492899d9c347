#include "ops/cuda/preprocess.h"

#include <algorithm>
#include <climits>

#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Images per launch: as many as the kernel's argument can describe.
constexpr int kImagesPerLaunch = 32;

constexpr int kColours = 3;

/// A block's tile of output pixels, one per thread: one column per lane, one row per warp.
constexpr int kTileColumns = kWarpSize;
constexpr int kTileRows = kBlockWarps;

/// Input rows that are resized horizontally before they are added to the output rows.
constexpr int kChunkRows = 32;

struct InputImage {
  const uint8_t* data;
  int width;
  int height;
  int channels;
};

struct PreprocessArguments {
  InputImage images[kImagesPerLaunch];
  PixelNormalisation normalisation;
  int height;
  int width;
  int tiles_across;
  int tiles_down;
};

/// The triangle filter of an antialiased bilinear resize at one output position: the input positions that it
/// covers, and their weights. Its support grows with the reduction.
struct TriangleFilter {
  int first;
  int end;
  int anchor;      ///< The input position that contains the centre,
  float fraction;  ///< and the offset of the centre in it. Separate, so that float32 is exact enough for
                   ///< large images.
  float slope;

  __device__ __forceinline__ TriangleFilter(int position, int input, int output) {
    const double scale = static_cast<double>(input) / output;
    const double support = scale > 1.0 ? scale : 1.0;
    const double centre = (position + 0.5) * scale;
    anchor = static_cast<int>(centre);
    fraction = static_cast<float>(centre - anchor);
    slope = static_cast<float>(1.0 / support);
    first = max(0, static_cast<int>(floor(centre - support)));
    end = min(input, static_cast<int>(ceil(centre + support)));
  }

  __device__ __forceinline__ float weight(int position) const {
    const float distance = static_cast<float>(position - anchor) + 0.5F - fraction;
    return fmaxf(0.0F, 1.0F - fabsf(distance) * slope);
  }
};

struct Colours {
  float value[kColours];
};

/// One input row at one output column.
__device__ __forceinline__ Colours resize_along_row(const InputImage& image, int row,
                                                    const TriangleFilter& filter) {
  Colours sums = {};
  float total = 0.0F;
  const uint8_t* const pixels = image.data + static_cast<int64_t>(row) * image.width * image.channels;
  const int green = image.channels == 1 ? 0 : 1;
  const int blue = image.channels == 1 ? 0 : 2;
  for (int x = filter.first; x < filter.end; ++x) {
    const float weight = filter.weight(x);
    const uint8_t* const pixel = pixels + static_cast<int64_t>(x) * image.channels;
    total += weight;
    sums.value[0] = fmaf(weight, static_cast<float>(__ldg(pixel)), sums.value[0]);
    sums.value[1] = fmaf(weight, static_cast<float>(__ldg(pixel + green)), sums.value[1]);
    sums.value[2] = fmaf(weight, static_cast<float>(__ldg(pixel + blue)), sums.value[2]);
  }
#pragma unroll
  for (int c = 0; c < kColours; ++c) sums.value[c] /= total;
  return sums;
}

/// Walks down the input rows that the tile needs, one chunk at a time, so that shared memory suffices for any
/// reduction.
template <typename T>
__global__ __launch_bounds__(kBlockThreads) void preprocess_kernel(
    const __grid_constant__ PreprocessArguments arguments, T* output) {
  RD_SHARED(float, rows, kChunkRows* kTileColumns* kColours);
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const int block = static_cast<int>(blockIdx.x);
  const int across = block % arguments.tiles_across;
  const int down = block / arguments.tiles_across;
  const int n = down / arguments.tiles_down;
  const int top = down % arguments.tiles_down * kTileRows;
  const int x = across * kTileColumns + lane;
  const int y = top + warp;
  const InputImage& image = arguments.images[n];

  const int bottom = min(top + kTileRows, arguments.height) - 1;
  const int first = TriangleFilter(top, image.height, arguments.height).first;
  const int end = TriangleFilter(bottom, image.height, arguments.height).end;
  // Threads beyond the output compute its last row or column again, and write nothing.
  const TriangleFilter along(min(x, arguments.width - 1), image.width, arguments.width);
  const TriangleFilter downwards(min(y, arguments.height - 1), image.height, arguments.height);

  float sums[kColours] = {};
  float total = 0.0F;
  for (int chunk = first; chunk < end; chunk += kChunkRows) {
    const int chunk_end = min(chunk + kChunkRows, end);
    for (int row = chunk + warp; row < chunk_end; row += kBlockWarps) {
      const Colours colours = resize_along_row(image, row, along);
#pragma unroll
      for (int c = 0; c < kColours; ++c) {
        rows[((row - chunk) * kColours + c) * kTileColumns + lane] = colours.value[c];
      }
    }
    __syncthreads();
    for (int row = max(chunk, downwards.first); row < min(chunk_end, downwards.end); ++row) {
      const float weight = downwards.weight(row);
      total += weight;
#pragma unroll
      for (int c = 0; c < kColours; ++c) {
        sums[c] = fmaf(weight, rows[((row - chunk) * kColours + c) * kTileColumns + lane], sums[c]);
      }
    }
    __syncthreads();
  }

  if (x >= arguments.width || y >= arguments.height) return;
  T* const pixel =
      output + ((static_cast<int64_t>(n) * arguments.height + y) * arguments.width + x) * kColours;
#pragma unroll
  for (int c = 0; c < kColours; ++c) {
    const float level = floorf(sums[c] / total + 0.5F);
    pixel[c] = from_float<T>(fmaf(level, arguments.normalisation.scale[c], arguments.normalisation.shift[c]));
  }
}

template <typename T>
cudaError_t launch_images(std::span<const DevicePixels> images, PreprocessArguments& arguments, T* output,
                          cudaStream_t stream) {
  const int64_t tiles = static_cast<int64_t>(arguments.tiles_across) * arguments.tiles_down;
  const int64_t pixels = static_cast<int64_t>(arguments.height) * arguments.width;
  for (size_t begin = 0; begin < images.size(); begin += kImagesPerLaunch) {
    const size_t count = std::min(images.size() - begin, size_t{kImagesPerLaunch});
    for (size_t i = 0; i < count; ++i) {
      const DevicePixels& image = images[begin + i];
      arguments.images[i] = {image.data, static_cast<int>(image.width), static_cast<int>(image.height),
                             static_cast<int>(image.channels)};
    }
    T* const first = output + static_cast<int64_t>(begin) * pixels * kColours;
    const cudaError_t error =
        launch(preprocess_kernel<T>, dim3(static_cast<unsigned>(tiles * static_cast<int64_t>(count))),
               dim3(kBlockThreads), 0, stream, arguments, first);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t launch_preprocess(std::span<const DevicePixels> images, int64_t height, int64_t width,
                              const PixelNormalisation& normalisation, ElementType type, void* output,
                              cudaStream_t stream) {
  const auto fits = [](int64_t size) { return size >= 1 && size <= 1 << 24; };
  if (!fits(height) || !fits(width)) return cudaErrorInvalidValue;
  for (const DevicePixels& image : images) {
    if (!fits(image.height) || !fits(image.width)) return cudaErrorInvalidValue;
    if (image.channels != 1 && image.channels != 3 && image.channels != 4) return cudaErrorInvalidValue;
  }
  PreprocessArguments arguments = {};
  arguments.normalisation = normalisation;
  arguments.height = static_cast<int>(height);
  arguments.width = static_cast<int>(width);
  arguments.tiles_across = static_cast<int>((width + kTileColumns - 1) / kTileColumns);
  arguments.tiles_down = static_cast<int>((height + kTileRows - 1) / kTileRows);
  const int64_t tiles = static_cast<int64_t>(arguments.tiles_across) * arguments.tiles_down;
  if (tiles > INT_MAX / kImagesPerLaunch) return cudaErrorInvalidValue;
  return with_element_type(
      type, [&]<typename T>(T) { return launch_images(images, arguments, static_cast<T*>(output), stream); });
}

}  // namespace reverse_distillation::cuda
