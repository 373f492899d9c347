#include "ops/cuda/cosine_map.h"

#include "ops/cuda/cosine_sums.cuh"
#include "ops/cuda/score.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Channels-last: one group of lanes per position.
template <typename T>
__device__ __forceinline__ void map_rows(const Scale<T>& scale) {
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % scale.lanes;
  const int64_t block = static_cast<int>(blockIdx.x) - scale.first_block;
  const int64_t position = (block * kBlockThreads + thread) / scale.lanes;
  CosineSums sums = {};
  if (position < scale.all_positions) {
    const T* const teacher = scale.teacher + position * scale.channels;
    const T* const student = scale.student + position * scale.channels;
    if (scale.vectorised) {
      add_vectors_of_lane(sums, teacher, student, lane * kVectorWidth<T>, scale.channels, scale.lanes);
    } else {
      add_elements_of_lane(sums, teacher, student, lane, scale.channels, scale.lanes);
    }
  }
  sums = reduce_lanes(sums, scale.lanes);
  if (lane == 0 && position < scale.all_positions) scale.distance[position] = distance_of(sums);
}

/// Channels-first: one block per tile of positions.
template <typename T>
__device__ __forceinline__ void map_planes(const Scale<T>& scale) {
  RD_SHARED(float, scratch, kTileSums<T>);
  const PlaneTile<T> tile(scale);
  const CosineSums sums = sum_tile<T>(scale, tile, scratch);
  const int index = static_cast<int>(threadIdx.x);
  const int position = tile.begin + index;
  if (index < tile.kPositions && position < scale.positions) {
    scale.distance[tile.maps + position] = distance_of(sums);
  }
}

template <typename T>
__global__ __launch_bounds__(kBlockThreads) void cosine_map_kernel(const __grid_constant__ Scales<T> scales,
                                                                   float* scores, int64_t batch) {
  if (scores != nullptr && blockIdx.x == 0) {
    for (int64_t n = threadIdx.x; n < batch; n += kBlockThreads) scores[n] = no_score();
  }
  const Scale<T>& scale = scale_of_block(scales);
  if (scale.channels_last) {
    map_rows(scale);
  } else {
    map_planes(scale);
  }
}

}  // namespace

cudaError_t launch_cosine_map(FeaturePairs pairs, std::span<float* const> distances, int64_t batch,
                              ElementType type, float* scores, cudaStream_t stream) {
  if (distances.size() != pairs.size()) return cudaErrorInvalidValue;
  return with_element_type(type, [&]<typename T>(T) {
    Scales<T> scales;
    int blocks = 0;
    const cudaError_t error = plan_scales(pairs, batch, scales, blocks);
    if (error != cudaSuccess || blocks == 0) return error;
    for (size_t k = 0; k < pairs.size(); ++k) scales.at[k].distance = distances[k];
    return launch(cosine_map_kernel<T>, dim3(blocks), dim3(kBlockThreads), 0, stream, scales, scores, batch);
  });
}

}  // namespace reverse_distillation::cuda
