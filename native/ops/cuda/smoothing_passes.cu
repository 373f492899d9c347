#include "ops/cuda/smoothing_passes.h"

#include "ops/cuda/smoothing_bands.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Input rows of one map that one block processes.
constexpr int kPassRows = kBlockWarps * kRowsTogether;

/// One map, all its rows resized to the output's width: a block handles `kPassRows` rows of one image and 32
/// columns.
__global__ __launch_bounds__(kBlockThreads) void smoothing_rows_kernel(
    const __grid_constant__ SmoothingArguments arguments, int k, int blocks_down, float* rows) {
  const SmoothingPlan::Map& map = arguments.maps[k];
  const int block = static_cast<int>(blockIdx.x);
  const int column =
      block % arguments.tiles_across * kSmoothingColumns + static_cast<int>(threadIdx.x) % kWarpSize;
  const int down = block / arguments.tiles_across;
  const int64_t image = down / blocks_down;
  const int first = down % blocks_down * kPassRows;
  if (column >= arguments.width) return;

  const int64_t width = map.columns.input;
  const int64_t top = image * map.rows.input + first;
  const float* const source =
      arguments.sources[k] + top * width + first_of_group(arguments, map.columns, column);
  float* const target = rows + top * arguments.width + column;
  smooth_along_rows(
      arguments, map.columns, column, min(kPassRows, map.rows.input - first),
      [&](int row, int i) { return __ldg(source + row * width + i); },
      [&](int row, float value) { target[static_cast<int64_t>(row) * arguments.width] = value; });
}

/// All maps down their columns, with the same blocks as the single launch. The sources are the rows that the
/// earlier launches wrote.
__global__ __launch_bounds__(kBlockThreads) void smoothing_columns_kernel(
    const __grid_constant__ SmoothingArguments arguments) {
  RD_SHARED(int, keys, kBlockWarps);
  const Tile tile(arguments);
  const int first_row = tile.row + static_cast<int>(threadIdx.x) / kWarpSize * kSmoothingGroup;
  int key = kNoScoreKey;
  if (first_row < arguments.height && tile.column < arguments.width) {
    const int group = first_row / kSmoothingGroup;
    float sums[kSmoothingGroup] = {};
    for (int k = 0; k < arguments.count; ++k) {
      const AxisBands& bands = arguments.maps[k].rows;
      const float* const source =
          arguments.sources[k] +
          (tile.image * bands.input + first_of_group(arguments, bands, group)) * arguments.width +
          tile.column;
      smooth_down_columns(
          arguments, bands, group,
          [&](int i) { return __ldg(source + static_cast<int64_t>(i) * arguments.width); }, sums);
    }
    key = write_group(arguments, tile, first_row, sums);
  }
  if (arguments.scores != nullptr) raise_to_block_maximum(arguments, tile.image, key, keys);
}

}  // namespace

size_t smoothing_passes_workspace(const SmoothingPlan& plan, int64_t batch) {
  size_t rows = 0;
  for (int k = 0; k < plan.count; ++k) rows += static_cast<size_t>(plan.maps[k].rows.input);
  return rows * static_cast<size_t>(batch) * static_cast<size_t>(plan.width) * sizeof(float);
}

cudaError_t launch_smoothing_passes(const SmoothingPlan& plan, const void* tables,
                                    std::span<const float* const> maps, int64_t batch, float* smoothed,
                                    float* scores, void* workspace, cudaStream_t stream) {
  SmoothingArguments arguments;
  int tiles = 0;
  cudaError_t error = smoothing_arguments(plan, tables, maps, batch, smoothed, scores, arguments, tiles);
  if (error != cudaSuccess || tiles == 0) return error;
  if (workspace == nullptr) return cudaErrorInvalidValue;

  auto* rows = static_cast<float*>(workspace);
  SmoothingArguments second = arguments;
  for (int k = 0; k < plan.count; ++k) {
    const int blocks_down = (plan.maps[k].rows.input + kPassRows - 1) / kPassRows;
    const int64_t blocks = batch * blocks_down * arguments.tiles_across;
    if (blocks > INT_MAX) return cudaErrorInvalidValue;
    error = launch(smoothing_rows_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kBlockThreads), 0, stream,
                   arguments, k, blocks_down, rows);
    if (error != cudaSuccess) return error;
    second.sources[k] = rows;
    rows += batch * plan.maps[k].rows.input * plan.width;
  }
  return launch(smoothing_columns_kernel, dim3(static_cast<unsigned>(tiles)), dim3(kBlockThreads), 0, stream,
                second);
}

}  // namespace reverse_distillation::cuda
