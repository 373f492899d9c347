#include "ops/cuda/smoothing.h"

#include <climits>

#include "ops/cuda/execution.cuh"
#include "ops/cuda/score.cuh"
#include "ops/cuda/smoothing_tile.h"

namespace reverse_distillation::cuda {

namespace {

static_assert(kSmoothingColumns == kWarpSize && kSmoothingRows == kBlockWarps * kSmoothingGroup,
              "a lane takes a column, a warp a group of rows");

/// Input rows that a thread works out together in the pass along the rows.
constexpr int kRowsTogether = 4;

struct SmoothingArguments {
  SmoothingPlan::Map maps[kMaxMaps];
  const float* sources[kMaxMaps];
  const uint32_t* tables;
  float* smoothed;
  float* scores;
  int count;
  int height;
  int width;
  int tiles_across;
  int tiles_down;
};

/// The tile of one block.
struct Tile {
  int64_t image;
  int row;
  int column;  ///< of the calling lane

  __device__ __forceinline__ explicit Tile(const SmoothingArguments& arguments) {
    const int block = static_cast<int>(blockIdx.x);
    const int across = block % arguments.tiles_across;
    const int down = block / arguments.tiles_across;
    image = down / arguments.tiles_down;
    row = down % arguments.tiles_down * kSmoothingRows;
    column = across * kSmoothingColumns + static_cast<int>(threadIdx.x) % kWarpSize;
  }
};

__device__ __forceinline__ int first_of_group(const SmoothingArguments& arguments, const AxisBands& bands,
                                              int group) {
  return static_cast<int>(__ldg(arguments.tables + bands.first + group));
}

__device__ __forceinline__ const float* weights_of(const SmoothingArguments& arguments,
                                                   const AxisBands& bands) {
  return reinterpret_cast<const float*>(arguments.tables + bands.weights);
}

/// Along the rows: the tile's columns of every input row that it needs, into shared memory.
__device__ __forceinline__ void smooth_along_rows(const SmoothingArguments& arguments,
                                                  const SmoothingPlan::Map& map, const float* source,
                                                  const Tile& tile, Shared<float> rows) {
  if (tile.column >= arguments.width) return;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const int top = first_of_group(arguments, map.rows, tile.row / kSmoothingGroup);
  const int count = min(map.tile_rows, map.rows.input - top);
  const int left = first_of_group(arguments, map.columns, tile.column);
  const float* const weights = weights_of(arguments, map.columns) + tile.column;
  const float* const image = source + tile.image * map.rows.input * map.columns.input + left;

  for (int row = warp * kRowsTogether; row < count; row += kBlockWarps * kRowsTogether) {
    const float* inputs[kRowsTogether];
#pragma unroll
    for (int i = 0; i < kRowsTogether; ++i) {
      // Beyond the last row, that row again: it costs less than to ask each time.
      inputs[i] = image + static_cast<int64_t>(top + min(row + i, count - 1)) * map.columns.input;
    }
    float sums[kRowsTogether] = {};
    for (int tap = 0; tap < map.columns.taps; ++tap) {
      const float weight = __ldg(weights + static_cast<int64_t>(tap) * map.columns.stride);
#pragma unroll
      for (int i = 0; i < kRowsTogether; ++i) sums[i] = fmaf(weight, __ldg(inputs[i] + tap), sums[i]);
    }
#pragma unroll
    for (int i = 0; i < kRowsTogether; ++i) {
      if (row + i < count) rows[(row + i) * kSmoothingColumns + lane] = sums[i];
    }
  }
}

/// Down the columns: adds one map's part to the thread's group of output rows.
__device__ __forceinline__ void smooth_down_columns(const SmoothingArguments& arguments,
                                                    const SmoothingPlan::Map& map, const Tile& tile,
                                                    int group, Shared<float> rows,
                                                    float (&sums)[kSmoothingGroup]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int top = first_of_group(arguments, map.rows, tile.row / kSmoothingGroup);
  const int first = first_of_group(arguments, map.rows, group) - top;
  const float* const weights = weights_of(arguments, map.rows) + group * kSmoothingGroup;
  for (int tap = 0; tap < map.rows.taps; ++tap) {
    const float value = rows[(first + tap) * kSmoothingColumns + lane];
    const auto* const quads =
        reinterpret_cast<const float4*>(weights + static_cast<int64_t>(tap) * map.rows.stride);
#pragma unroll
    for (int q = 0; q < kSmoothingGroup / 4; ++q) {
      const float4 weight = __ldg(quads + q);
      sums[4 * q] = fmaf(weight.x, value, sums[4 * q]);
      sums[4 * q + 1] = fmaf(weight.y, value, sums[4 * q + 1]);
      sums[4 * q + 2] = fmaf(weight.z, value, sums[4 * q + 2]);
      sums[4 * q + 3] = fmaf(weight.w, value, sums[4 * q + 3]);
    }
  }
}

__global__ __launch_bounds__(kBlockThreads) void smoothing_kernel(
    const __grid_constant__ SmoothingArguments arguments) {
  RD_DYNAMIC_SHARED(float, rows);
  RD_SHARED(int, keys, kBlockWarps);
  const Tile tile(arguments);
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;

  int offset = 0;
  for (int k = 0; k < arguments.count; ++k) {
    smooth_along_rows(arguments, arguments.maps[k], arguments.sources[k], tile, rows + offset);
    offset += arguments.maps[k].tile_rows * kSmoothingColumns;
  }
  __syncthreads();

  int key = kNoScoreKey;
  const int first_row = tile.row + warp * kSmoothingGroup;
  if (first_row < arguments.height && tile.column < arguments.width) {
    float sums[kSmoothingGroup] = {};
    offset = 0;
    for (int k = 0; k < arguments.count; ++k) {
      smooth_down_columns(arguments, arguments.maps[k], tile, first_row / kSmoothingGroup, rows + offset,
                          sums);
      offset += arguments.maps[k].tile_rows * kSmoothingColumns;
    }
    float* const output =
        arguments.smoothed +
        (tile.image * arguments.height + first_row) * static_cast<int64_t>(arguments.width) + tile.column;
#pragma unroll
    for (int i = 0; i < kSmoothingGroup; ++i) {
      if (first_row + i >= arguments.height) continue;
      output[static_cast<int64_t>(i) * arguments.width] = sums[i];
      key = max(key, score_key(sums[i]));
    }
  }

  if (arguments.scores == nullptr) return;
  key = __reduce_max_sync(kWholeWarp, key);
  if (lane == 0) keys[warp] = key;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < kBlockWarps; ++w) key = max(key, static_cast<int>(keys[w]));
  raise_score(arguments.scores + tile.image, key);
}

/// Dynamic shared memory that a block of the current device may have.
cudaError_t shared_memory_limit(size_t& limit) {
  int device = 0;
  cudaError_t error = cudaGetDevice(&device);
  int bytes = 0;
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  // The keys lie in shared memory as well.
  limit = static_cast<size_t>(bytes) - kBlockWarps * sizeof(int);
  return error;
}

}  // namespace

cudaError_t launch_smoothing(const SmoothingPlan& plan, const void* tables,
                             std::span<const float* const> maps, int64_t batch, float* smoothed,
                             float* scores, cudaStream_t stream) {
  SmoothingArguments arguments = {};
  if (static_cast<int>(maps.size()) != plan.count || batch < 0) return cudaErrorInvalidValue;
  arguments.tables = static_cast<const uint32_t*>(tables);
  arguments.smoothed = smoothed;
  arguments.scores = scores;
  arguments.count = plan.count;
  arguments.height = plan.height;
  arguments.width = plan.width;
  arguments.tiles_across = (plan.width + kSmoothingColumns - 1) / kSmoothingColumns;
  arguments.tiles_down = (plan.height + kSmoothingRows - 1) / kSmoothingRows;
  for (int k = 0; k < plan.count; ++k) {
    arguments.maps[k] = plan.maps[k];
    arguments.sources[k] = maps[static_cast<size_t>(k)];
  }
  const int64_t tiles = static_cast<int64_t>(arguments.tiles_across) * arguments.tiles_down;
  if (batch > INT_MAX / tiles) return cudaErrorInvalidValue;
  if (batch == 0) return cudaSuccess;

  if (plan.shared_bytes > kDefaultSharedBytes) {
    size_t limit = 0;
    const cudaError_t error = shared_memory_limit(limit);
    if (error != cudaSuccess) return error;
    if (plan.shared_bytes > limit) return cudaErrorInvalidValue;
  }
  return launch(smoothing_kernel, dim3(static_cast<unsigned>(tiles * batch)), dim3(kBlockThreads),
                plan.shared_bytes, stream, arguments);
}

}  // namespace reverse_distillation::cuda
