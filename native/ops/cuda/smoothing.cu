#include "ops/cuda/smoothing.h"

#include "ops/cuda/smoothing_bands.cuh"
#include "ops/cuda/smoothing_passes.h"

namespace reverse_distillation::cuda {

namespace {

// Four blocks a multiprocessor: without the number, nvcc spills registers.
__global__ __launch_bounds__(kBlockThreads,
                             4) void smoothing_kernel(const __grid_constant__ SmoothingArguments arguments) {
  RD_DYNAMIC_SHARED(float, rows);
  RD_SHARED(int, keys, kBlockWarps);
  const Tile tile(arguments);
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;

  int offset = 0;
  for (int k = 0; k < arguments.count; ++k) {
    const SmoothingPlan::Map& map = arguments.maps[k];
    if (tile.column < arguments.width) {
      const int top = first_of_group(arguments, map.rows, tile.row / kSmoothingGroup);
      const int64_t width = map.columns.input;
      const float* const source = arguments.sources[k] + (tile.image * map.rows.input + top) * width +
                                  first_of_group(arguments, map.columns, tile.column);
      smooth_along_rows(
          arguments, map.columns, tile.column, min(map.tile_rows, map.rows.input - top),
          [&](int row, int i) { return __ldg(source + row * width + i); },
          [&](int row, float value) { rows[offset + row * kSmoothingColumns + lane] = value; });
    }
    offset += map.tile_rows * kSmoothingColumns;
  }
  __syncthreads();

  const int key = smooth_tile_columns(arguments, tile, rows);
  if (arguments.scores != nullptr) raise_to_block_maximum(arguments, tile.image, key, keys);
}

/// Whether the rows between the two passes fit into a block's shared memory.
cudaError_t fits_one_launch(const SmoothingPlan& plan, bool& fits) {
  fits = plan.shared_bytes <= kDefaultSharedBytes;
  if (fits) return cudaSuccess;
  size_t limit = 0;
  const cudaError_t error = smoothing_shared_limit(limit);
  fits = error == cudaSuccess && plan.shared_bytes <= limit;
  return error;
}

}  // namespace

cudaError_t smoothing_workspace(const SmoothingPlan& plan, int64_t batch, size_t& bytes) {
  bool fits = false;
  const cudaError_t error = fits_one_launch(plan, fits);
  bytes = fits || error != cudaSuccess ? 0 : smoothing_passes_workspace(plan, batch);
  return error;
}

cudaError_t launch_smoothing(const SmoothingPlan& plan, const void* tables,
                             std::span<const float* const> maps, int64_t batch, float* smoothed,
                             float* scores, void* workspace, cudaStream_t stream) {
  bool fits = false;
  cudaError_t error = fits_one_launch(plan, fits);
  if (error != cudaSuccess) return error;
  if (!fits) {
    return launch_smoothing_passes(plan, tables, maps, batch, smoothed, scores, workspace, stream);
  }
  SmoothingArguments arguments;
  int tiles = 0;
  error = smoothing_arguments(plan, tables, maps, batch, smoothed, scores, arguments, tiles);
  if (error != cudaSuccess || tiles == 0) return error;
  return launch(smoothing_kernel, dim3(static_cast<unsigned>(tiles)), dim3(kBlockThreads), plan.shared_bytes,
                stream, arguments);
}

}  // namespace reverse_distillation::cuda
