#include "ops/cuda/product_smoothing.h"

#include "ops/cuda/smoothing.h"
#include "ops/cuda/smoothing_bands.cuh"
#include "ops/cuda/upsample_sources.cuh"

namespace reverse_distillation::cuda {

namespace {

// Four blocks a multiprocessor: without the number, nvcc spills registers to fit five.
__global__ __launch_bounds__(kBlockThreads, 4) void product_smoothing_kernel(
    const __grid_constant__ SmoothingArguments arguments, const __grid_constant__ UpsampleSources sources) {
  RD_DYNAMIC_SHARED(float, product);
  RD_SHARED(int, keys, kBlockWarps);
  const Tile tile(arguments);
  const SmoothingPlan::Map& map = arguments.maps[0];
  const Shared<float> rows = product + map.tile_rows * map.tile_columns;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;

  const int top = first_of_group(arguments, map.rows, tile.row / kSmoothingGroup);
  const int left = first_of_group(arguments, map.columns, tile.left);
  const int count = min(map.tile_rows, map.rows.input - top);
  const int width = min(map.tile_columns, map.columns.input - left);
  for (int row = warp; row < count; row += kBlockWarps) {
#pragma unroll 2
    for (int x = lane; x < width; x += kWarpSize) {
      product[row * map.tile_columns + x] =
          combined_at<MapCombination::kProduct>(sources, tile.image, top + row, left + x);
    }
  }
  __syncthreads();

  if (tile.column < arguments.width) {
    const int first = first_of_group(arguments, map.columns, tile.column) - left;
    smooth_along_rows(
        arguments, map.columns, tile.column, count,
        [&](int row, int i) { return static_cast<float>(product[row * map.tile_columns + first + i]); },
        [&](int row, float value) { rows[row * kSmoothingColumns + lane] = value; });
  }
  __syncthreads();

  const int key = smooth_tile_columns(arguments, tile, rows);
  if (arguments.scores != nullptr) raise_to_block_maximum(arguments, tile.image, key, keys);
}

/// Shared memory of a block: its part of the product, and the rows between the two passes.
size_t product_shared_bytes(const SmoothingPlan& plan) {
  const SmoothingPlan::Map& map = plan.maps[0];
  return plan.shared_bytes +
         sizeof(float) * static_cast<size_t>(map.tile_rows) * static_cast<size_t>(map.tile_columns);
}

cudaError_t fits_one_launch(const SmoothingPlan& plan, bool& fits) {
  if (plan.count != 1) return cudaErrorInvalidValue;
  size_t limit = 0;
  const cudaError_t error = smoothing_shared_limit(limit);
  fits = error == cudaSuccess && product_shared_bytes(plan) <= limit;
  return error;
}

/// Bytes of the product in device memory, rounded up so that what follows is aligned.
size_t product_bytes(const SmoothingPlan& plan, int64_t batch) {
  const size_t elements =
      static_cast<size_t>(batch) * static_cast<size_t>(plan.height) * static_cast<size_t>(plan.width);
  return (elements * sizeof(float) + 15) / 16 * 16;
}

}  // namespace

cudaError_t product_smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes) {
  bytes = 0;
  bool fits = false;
  cudaError_t error = fits_one_launch(plan, fits);
  if (error != cudaSuccess || fits) return error;
  error = smoothing_workspace(plan, batch, bytes);
  bytes += product_bytes(plan, batch);
  return error;
}

cudaError_t launch_product_smoothing(std::span<const float* const> maps, std::span<const MapSize> sizes,
                                     const SmoothingPlan& plan, const void* tables, int64_t batch,
                                     float* smoothed, float* scores, void* workspace, cudaStream_t stream) {
  bool fits = false;
  cudaError_t error = fits_one_launch(plan, fits);
  if (error != cudaSuccess) return error;
  if (fits) {
    UpsampleSources sources;
    error = upsample_sources(maps, sizes, plan.height, plan.width, sources);
    if (error != cudaSuccess) return error;
    SmoothingArguments arguments;
    int tiles = 0;
    const float* const none[] = {nullptr};
    error = smoothing_arguments(plan, tables, none, batch, smoothed, scores, arguments, tiles);
    if (error != cudaSuccess || tiles == 0) return error;
    return launch(product_smoothing_kernel, dim3(static_cast<unsigned>(tiles)), dim3(kBlockThreads),
                  product_shared_bytes(plan), stream, arguments, sources);
  }
  if (workspace == nullptr) return cudaErrorInvalidValue;
  auto* const product = static_cast<float*>(workspace);
  error =
      launch_upsample(maps, sizes, MapCombination::kProduct, batch, plan.height, plan.width, product, stream);
  if (error != cudaSuccess) return error;
  const float* const product_map[] = {product};
  return launch_smoothing(plan, tables, product_map, batch, smoothed, scores,
                          static_cast<char*>(workspace) + product_bytes(plan, batch), stream);
}

}  // namespace reverse_distillation::cuda
