#include "ops/cuda/upsample_sum.h"

#include "ops/cuda/upsample_sources.cuh"

namespace reverse_distillation::cuda {

namespace {

struct UpsampleOutput {
  float* data;
  int height;
  int width;
  int blocks_across;
  int64_t rows;  ///< in all images
};

/// A warp handles 32 columns of an output row, a block as many rows as it has warps.
template <MapCombination kCombination>
__global__ __launch_bounds__(kBlockThreads) void upsample_kernel(
    const __grid_constant__ UpsampleSources sources, const __grid_constant__ UpsampleOutput output) {
  const int thread = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(blockIdx.x);
  const int x = block % output.blocks_across * kWarpSize + thread % kWarpSize;
  const int64_t row = static_cast<int64_t>(block / output.blocks_across) * kBlockWarps + thread / kWarpSize;
  if (x >= output.width || row >= output.rows) return;
  const int64_t image = row / output.height;
  const auto y = static_cast<int>(row - image * output.height);
  output.data[row * output.width + x] = combined_at<kCombination>(sources, image, y, x);
}

}  // namespace

cudaError_t launch_upsample(std::span<const float* const> maps, std::span<const MapSize> sizes,
                            MapCombination combination, int64_t batch, int64_t height, int64_t width,
                            float* output, cudaStream_t stream) {
  UpsampleSources sources;
  const cudaError_t error = upsample_sources(maps, sizes, height, width, sources);
  if (error != cudaSuccess) return error;
  if (batch < 0) return cudaErrorInvalidValue;

  UpsampleOutput target = {};
  target.data = output;
  target.height = static_cast<int>(height);
  target.width = static_cast<int>(width);
  target.blocks_across = static_cast<int>((width + kWarpSize - 1) / kWarpSize);
  target.rows = batch * height;
  const int64_t blocks = (target.rows + kBlockWarps - 1) / kBlockWarps * target.blocks_across;
  if (blocks > INT_MAX) return cudaErrorInvalidValue;
  if (blocks == 0) return cudaSuccess;
  const dim3 grid(static_cast<unsigned>(blocks));
  const dim3 block(kBlockThreads);
  return combination == MapCombination::kSum
             ? launch(upsample_kernel<MapCombination::kSum>, grid, block, 0, stream, sources, target)
             : launch(upsample_kernel<MapCombination::kProduct>, grid, block, 0, stream, sources, target);
}

}  // namespace reverse_distillation::cuda
