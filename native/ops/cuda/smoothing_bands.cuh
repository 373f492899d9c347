#pragma once

// "Interpolate, then smooth" by the plan's banded matrices. The rows in between are kept in shared memory, or
// in device memory if there are too many of them.

#include <climits>
#include <span>

#include "ops/cuda/execution.cuh"
#include "ops/cuda/score.cuh"
#include "ops/cuda/smoothing_plan.h"
#include "ops/cuda/smoothing_tile.h"

namespace reverse_distillation::cuda {

static_assert(kSmoothingColumns == kWarpSize && kSmoothingRows == kBlockWarps * kSmoothingGroup,
              "one column per lane, one group of rows per warp");

/// Input rows that a thread computes together in the pass along the rows.
constexpr int kRowsTogether = 4;

/// Taps whose weights and values are read before any of them is used: the memory's latency is paid once for
/// all.
constexpr int kTapsTogether = 4;

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
  int left;    ///< first column
  int column;  ///< of the calling lane

  __device__ __forceinline__ explicit Tile(const SmoothingArguments& arguments) {
    const int block = static_cast<int>(blockIdx.x);
    const int across = block % arguments.tiles_across;
    const int down = block / arguments.tiles_across;
    image = down / arguments.tiles_down;
    row = down % arguments.tiles_down * kSmoothingRows;
    left = across * kSmoothingColumns;
    column = left + static_cast<int>(threadIdx.x) % kWarpSize;
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

/// Along the rows: the calling lane's column of every input row that its warp handles, starting at `warp`.
///
/// input(row, i): the row's i-th value, counted from the column's first. output(row, value): receives the
/// result.
template <typename Input, typename Output>
__device__ __forceinline__ void smooth_along_rows(const SmoothingArguments& arguments,
                                                  const AxisBands& columns, int column, int count,
                                                  const Input& input, const Output& output) {
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const float* const weights = weights_of(arguments, columns) + column;
  for (int row = warp * kRowsTogether; row < count; row += kBlockWarps * kRowsTogether) {
    float sums[kRowsTogether] = {};
    // Rows beyond the last repeat it: this costs less than a test each time.
    const auto value_of = [&](int i, int tap) { return input(min(row + i, count - 1), tap); };
    const auto weight_of = [&](int tap) {
      return __ldg(weights + static_cast<int64_t>(tap) * columns.stride);
    };
    int tap = 0;
    for (; tap + kTapsTogether <= columns.taps; tap += kTapsTogether) {
      float weight[kTapsTogether];
      float values[kTapsTogether][kRowsTogether];
#pragma unroll
      for (int t = 0; t < kTapsTogether; ++t) {
        weight[t] = weight_of(tap + t);
#pragma unroll
        for (int i = 0; i < kRowsTogether; ++i) values[t][i] = value_of(i, tap + t);
      }
#pragma unroll
      for (int t = 0; t < kTapsTogether; ++t) {
#pragma unroll
        for (int i = 0; i < kRowsTogether; ++i) sums[i] = fmaf(weight[t], values[t][i], sums[i]);
      }
    }
    for (; tap < columns.taps; ++tap) {
      const float weight = weight_of(tap);
#pragma unroll
      for (int i = 0; i < kRowsTogether; ++i) sums[i] = fmaf(weight, value_of(i, tap), sums[i]);
    }
#pragma unroll
    for (int i = 0; i < kRowsTogether; ++i) {
      if (row + i < count) output(row + i, sums[i]);
    }
  }
}

/// A tap's weights for a group of output rows.
struct GroupWeights {
  float4 quads[kSmoothingGroup / 4];

  __device__ __forceinline__ void load(const float* weights) {
#pragma unroll
    for (int q = 0; q < kSmoothingGroup / 4; ++q) {
      quads[q] = __ldg(reinterpret_cast<const float4*>(weights) + q);
    }
  }
  __device__ __forceinline__ void add(float value, float (&sums)[kSmoothingGroup]) const {
#pragma unroll
    for (int q = 0; q < kSmoothingGroup / 4; ++q) {
      sums[4 * q] = fmaf(quads[q].x, value, sums[4 * q]);
      sums[4 * q + 1] = fmaf(quads[q].y, value, sums[4 * q + 1]);
      sums[4 * q + 2] = fmaf(quads[q].z, value, sums[4 * q + 2]);
      sums[4 * q + 3] = fmaf(quads[q].w, value, sums[4 * q + 3]);
    }
  }
};

/// Down the columns: adds one map's part to the calling thread's group of output rows.
///
/// input(i): the group's i-th input row, counted from its first, at the thread's column.
template <typename Input>
__device__ __forceinline__ void smooth_down_columns(const SmoothingArguments& arguments,
                                                    const AxisBands& rows, int group, const Input& input,
                                                    float (&sums)[kSmoothingGroup]) {
  const float* const weights = weights_of(arguments, rows) + group * kSmoothingGroup;
  int tap = 0;
  for (; tap + kTapsTogether <= rows.taps; tap += kTapsTogether) {
    GroupWeights weight[kTapsTogether];
    float values[kTapsTogether];
#pragma unroll
    for (int t = 0; t < kTapsTogether; ++t) {
      weight[t].load(weights + static_cast<int64_t>(tap + t) * rows.stride);
      values[t] = input(tap + t);
    }
#pragma unroll
    for (int t = 0; t < kTapsTogether; ++t) weight[t].add(values[t], sums);
  }
  for (; tap < rows.taps; ++tap) {
    GroupWeights weight;
    weight.load(weights + static_cast<int64_t>(tap) * rows.stride);
    weight.add(input(tap), sums);
  }
}

/// Writes a thread's group of output rows as far as they are within the map. Returns the key of their
/// maximum.
__device__ __forceinline__ int write_group(const SmoothingArguments& arguments, const Tile& tile,
                                           int first_row, const float (&sums)[kSmoothingGroup]) {
  float* const output = arguments.smoothed +
                        (tile.image * arguments.height + first_row) * static_cast<int64_t>(arguments.width) +
                        tile.column;
  int key = kNoScoreKey;
#pragma unroll
  for (int i = 0; i < kSmoothingGroup; ++i) {
    if (first_row + i >= arguments.height) continue;
    output[static_cast<int64_t>(i) * arguments.width] = sums[i];
    key = max(key, score_key(sums[i]));
  }
  return key;
}

/// Down the columns of a block's tile, from the rows in shared memory; writes the output. Returns the key of
/// the calling thread's maximum.
__device__ __forceinline__ int smooth_tile_columns(const SmoothingArguments& arguments, const Tile& tile,
                                                   Shared<float> rows) {
  const int first_row = tile.row + static_cast<int>(threadIdx.x) / kWarpSize * kSmoothingGroup;
  if (first_row >= arguments.height || tile.column >= arguments.width) return kNoScoreKey;
  const int group = first_row / kSmoothingGroup;
  float sums[kSmoothingGroup] = {};
  int offset = static_cast<int>(threadIdx.x) % kWarpSize;
  for (int k = 0; k < arguments.count; ++k) {
    const SmoothingPlan::Map& map = arguments.maps[k];
    const int first = first_of_group(arguments, map.rows, group) -
                      first_of_group(arguments, map.rows, tile.row / kSmoothingGroup);
    smooth_down_columns(
        arguments, map.rows, group,
        [&](int i) { return static_cast<float>(rows[offset + (first + i) * kSmoothingColumns]); }, sums);
    offset += map.tile_rows * kSmoothingColumns;
  }
  return write_group(arguments, tile, first_row, sums);
}

/// Raises the image's score to the greatest key of the block's threads. All threads of the block must call
/// it, since it contains a barrier. `keys`: one int per warp.
__device__ __forceinline__ void raise_to_block_maximum(const SmoothingArguments& arguments, int64_t image,
                                                       int key, Shared<int> keys) {
  const int thread = static_cast<int>(threadIdx.x);
  key = __reduce_max_sync(kWholeWarp, key);
  if (thread % kWarpSize == 0) keys[thread / kWarpSize] = key;
  __syncthreads();
  if (thread != 0) return;
  for (int w = 1; w < kBlockWarps; ++w) key = max(key, static_cast<int>(keys[w]));
  raise_score(arguments.scores + image, key);
}

/// The arguments of the kernels. `tiles`: set to the number of tiles in the batch. Returns
/// cudaErrorInvalidValue if the arguments do not match.
inline cudaError_t smoothing_arguments(const SmoothingPlan& plan, const void* tables,
                                       std::span<const float* const> maps, int64_t batch, float* smoothed,
                                       float* scores, SmoothingArguments& arguments, int& tiles) {
  if (static_cast<int>(maps.size()) != plan.count || batch < 0) return cudaErrorInvalidValue;
  arguments = {};
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
  const int64_t per_image = static_cast<int64_t>(arguments.tiles_across) * arguments.tiles_down;
  if (batch > INT_MAX / per_image) return cudaErrorInvalidValue;
  tiles = static_cast<int>(per_image * batch);
  return cudaSuccess;
}

/// Dynamic shared memory that a block of the current device may use in addition to its keys.
inline cudaError_t smoothing_shared_limit(size_t& limit) {
  int device = 0;
  cudaError_t error = cudaGetDevice(&device);
  int bytes = 0;
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  limit = static_cast<size_t>(bytes) - kBlockWarps * sizeof(int);
  return error;
}

}  // namespace reverse_distillation::cuda
