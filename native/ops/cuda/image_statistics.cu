#include "ops/cuda/image_statistics.h"

#include <climits>

#include "ops/cuda/block_sum.cuh"
#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Blocks that share an image. Each takes every 32nd row.
constexpr int kBlocksPerImage = 32;

/// Sums over pixels of an image.
struct PixelSums {
  double luma;     ///< of the differences from the first pixel, which keeps the variance exact
  double squares;  ///< of these differences
  double across;   ///< absolute differences of neighbours in a row
  double down;     ///< and in a column
};

template <typename T>
struct ImageTask {
  const T* values;
  LumaWeights luma;
  int height;
  int width;
  int pixel_stride;
  int64_t channel_stride;
  PixelSums* parts;  ///< [images, kBlocksPerImage]
};

template <typename T>
__device__ __forceinline__ float luma_at(const ImageTask<T>& task, const T* image, int64_t pixel) {
  const T* const at = image + pixel * task.pixel_stride;
  float luma = task.luma.offset;
#pragma unroll
  for (int c = 0; c < 3; ++c) luma = fmaf(task.luma.weight[c], to_float(at[c * task.channel_stride]), luma);
  return luma;
}

template <typename T>
__global__ __launch_bounds__(kBlockThreads) void image_sums_kernel(
    const __grid_constant__ ImageTask<T> task) {
  RD_SHARED(double, scratch, 4 * kBlockWarps);
  const int block = static_cast<int>(blockIdx.x);
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t pixels = static_cast<int64_t>(task.height) * task.width;
  const T* const image = task.values + block / kBlocksPerImage * 3 * pixels;
  const float first = luma_at(task, image, 0);
  PixelSums sums = {};
  for (int y = block % kBlocksPerImage; y < task.height; y += kBlocksPerImage) {
    const int64_t row = static_cast<int64_t>(y) * task.width;
    for (int x = thread; x < task.width; x += kBlockThreads) {
      const float luma = luma_at(task, image, row + x);
      const double difference = static_cast<double>(luma) - static_cast<double>(first);
      sums.luma += difference;
      sums.squares += difference * difference;
      if (x + 1 < task.width) sums.across += fabsf(luma_at(task, image, row + x + 1) - luma);
      if (y + 1 < task.height) sums.down += fabsf(luma_at(task, image, row + task.width + x) - luma);
    }
  }
  sums.luma = block_sum<double>(sums.luma, scratch);
  sums.squares = block_sum<double>(sums.squares, scratch + kBlockWarps);
  sums.across = block_sum<double>(sums.across, scratch + 2 * kBlockWarps);
  sums.down = block_sum<double>(sums.down, scratch + 3 * kBlockWarps);
  if (thread == 0) task.parts[block] = sums;
}

template <typename T>
__global__ __launch_bounds__(kBlockThreads) void statistics_kernel(const __grid_constant__ ImageTask<T> task,
                                                                   int images, float least_contrast,
                                                                   float* statistics) {
  const int index = static_cast<int>(blockIdx.x) * kBlockThreads + static_cast<int>(threadIdx.x);
  if (index >= images) return;
  PixelSums sums = {};
#pragma unroll 8
  for (int i = 0; i < kBlocksPerImage; ++i) {
    const PixelSums part = task.parts[static_cast<int64_t>(index) * kBlocksPerImage + i];
    sums.luma += part.luma;
    sums.squares += part.squares;
    sums.across += part.across;
    sums.down += part.down;
  }
  const int64_t pixels = static_cast<int64_t>(task.height) * task.width;
  const double mean = sums.luma / static_cast<double>(pixels);
  const double variance = sums.squares / static_cast<double>(pixels) - mean * mean;
  const auto contrast = static_cast<float>(sqrt(variance > 0.0 ? variance : 0.0));
  const double difference = (sums.across / static_cast<double>(pixels - task.height) +
                             sums.down / static_cast<double>(pixels - task.width)) /
                            2.0;
  const float first = luma_at(task, task.values + index * 3 * pixels, 0);
  float* const of_image = statistics + static_cast<int64_t>(index) * 3;
  of_image[0] = static_cast<float>(mean + static_cast<double>(first));
  of_image[1] = contrast;
  of_image[2] =
      contrast < least_contrast ? 0.0F : static_cast<float>(difference / static_cast<double>(contrast));
}

}  // namespace

size_t image_statistics_workspace(int64_t images) {
  return static_cast<size_t>(images) * kBlocksPerImage * sizeof(PixelSums);
}

cudaError_t launch_image_statistics(const NormalisedImages& images, ElementType type, const LumaWeights& luma,
                                    float least_contrast, float* statistics, void* workspace,
                                    cudaStream_t stream) {
  if (images.images < 0 || images.images > INT_MAX / kBlocksPerImage || images.height < 2 ||
      images.width < 2 || images.height > INT_MAX / 4 || images.width > INT_MAX / 4) {
    return cudaErrorInvalidValue;
  }
  if (images.images == 0) return cudaSuccess;
  return with_element_type(type, [&]<typename T>(T) {
    ImageTask<T> task = {};
    task.values = static_cast<const T*>(images.values);
    task.luma = luma;
    task.height = static_cast<int>(images.height);
    task.width = static_cast<int>(images.width);
    const bool channels_last = images.layout == Layout::kChannelsLast;
    task.pixel_stride = channels_last ? 3 : 1;
    task.channel_stride = channels_last ? 1 : images.height * images.width;
    task.parts = static_cast<PixelSums*>(workspace);
    const auto count = static_cast<int>(images.images);
    const cudaError_t error =
        launch(image_sums_kernel<T>, dim3(static_cast<unsigned>(count * kBlocksPerImage)),
               dim3(kBlockThreads), 0, stream, task);
    if (error != cudaSuccess) return error;
    return launch(statistics_kernel<T>,
                  dim3(static_cast<unsigned>((count + kBlockThreads - 1) / kBlockThreads)),
                  dim3(kBlockThreads), 0, stream, task, count, least_contrast, statistics);
  });
}

}  // namespace reverse_distillation::cuda
