#pragma once

// The gradient of the cosine distance with respect to the student, for any upstream gradient:
// `cosine_map_backward` reads one, the loss `location` knows it beforehand.
//
// `upstream(position)` returns the upstream gradient at a position of the batch. The functions return the sum
// of the distances that the calling thread has computed.

#include "ops/cuda/cosine_sums.cuh"

namespace reverse_distillation::cuda {

/// Channels that a warp keeps in registers between the sums and the gradient; no backbone has more.
constexpr int kKeptChannels = 1024;

/// Channels-last, 16 bytes at a time: what fits stays in registers, so features are read once.
template <typename T, typename Upstream>
__device__ __forceinline__ float gradient_of_vectors(const Scale<T>& scale, int64_t position, int lane,
                                                     const Upstream& upstream) {
  const bool inside = position < scale.all_positions;
  const int64_t row = position * scale.channels;
  const int first = lane * kVectorWidth<T>;
  const int step = scale.lanes * kVectorWidth<T>;
  const int channels = inside ? scale.channels : 0;

  constexpr int kKeptVectors = kKeptChannels / (kWarpSize * kVectorWidth<T>);
  uint4 teacher[kKeptVectors];
  uint4 student[kKeptVectors];
  CosineSums sums = {};
#pragma unroll
  for (int i = 0; i < kKeptVectors; ++i) {
    const int c = first + i * step;
    if (c >= channels) continue;
    teacher[i] = load_vector(scale.teacher + row + c);
    student[i] = load_vector(scale.student + row + c);
  }
#pragma unroll
  for (int i = 0; i < kKeptVectors; ++i) {
    if (first + i * step < channels) add_vectors<T>(sums, teacher[i], student[i]);
  }
  const int rest = first + kKeptVectors * step;
  add_vectors_of_lane(sums, scale.teacher + row, scale.student + row, rest, channels, scale.lanes);

  sums = reduce_lanes(sums, scale.lanes);
  if (!inside) return 0.0F;
  const GradientFactors factors = factors_of(sums, upstream(position));
#pragma unroll
  for (int i = 0; i < kKeptVectors; ++i) {
    const int c = first + i * step;
    if (c < channels) store_gradient(scale.gradient + row + c, teacher[i], student[i], factors);
  }
  for (int c = rest; c < channels; c += step) {
    store_gradient(scale.gradient + row + c, load_vector(scale.teacher + row + c),
                   load_vector(scale.student + row + c), factors);
  }
  return lane == 0 ? distance_of(sums) : 0.0F;
}

/// Channels-last, one element at a time.
template <typename T, typename Upstream>
__device__ __forceinline__ float gradient_of_elements(const Scale<T>& scale, int64_t position, int lane,
                                                      const Upstream& upstream) {
  const bool inside = position < scale.all_positions;
  const T* const teacher = scale.teacher + position * scale.channels;
  const T* const student = scale.student + position * scale.channels;
  T* const gradient = scale.gradient + position * scale.channels;
  CosineSums sums = {};
  if (inside) add_elements_of_lane(sums, teacher, student, lane, scale.channels, scale.lanes);
  sums = reduce_lanes(sums, scale.lanes);
  if (!inside) return 0.0F;
  const GradientFactors factors = factors_of(sums, upstream(position));
  for (int c = lane; c < scale.channels; c += scale.lanes) {
    gradient[c] =
        from_float<T>(factors.by_teacher * to_float(teacher[c]) + factors.by_student * to_float(student[c]));
  }
  return lane == 0 ? distance_of(sums) : 0.0F;
}

template <typename T, typename Upstream>
__device__ __forceinline__ float gradient_of_rows(const Scale<T>& scale, const Upstream& upstream) {
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % scale.lanes;
  const int64_t block = static_cast<int>(blockIdx.x) - scale.first_block;
  const int64_t position = (block * kBlockThreads + thread) / scale.lanes;
  return scale.vectorised ? gradient_of_vectors(scale, position, lane, upstream)
                          : gradient_of_elements(scale, position, lane, upstream);
}

/// Shared memory of `gradient_of_planes`, in floats.
template <typename T>
constexpr int kPlaneGradientFloats = kTileSums<T> + 2 * kTilePositions<T>;

/// Channels-first: a tile has too many channels to keep, so they are read twice.
template <typename T, typename Upstream>
__device__ __forceinline__ float gradient_of_planes(const Scale<T>& scale, Shared<float> scratch,
                                                    const Upstream& upstream) {
  constexpr int kPerLane = PlaneTile<T>::kPerLane;
  const PlaneTile<T> tile(scale);
  const CosineSums sums = sum_tile<T>(scale, tile, scratch);
  const Shared<float> by_teacher = scratch + kTileSums<T>;
  const Shared<float> by_student = by_teacher + tile.kPositions;
  const int index = static_cast<int>(threadIdx.x);
  float distance = 0.0F;
  if (index < tile.kPositions && tile.begin + index < scale.positions) {
    const GradientFactors factors = factors_of(sums, upstream(tile.maps + tile.begin + index));
    by_teacher[index] = factors.by_teacher;
    by_student[index] = factors.by_student;
    distance = distance_of(sums);
  }
  __syncthreads();

  const int lane = index % kWarpSize;
  const bool vectorised = scale.vectorised;
  GradientFactors factors[kPerLane] = {};
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int position = tile.position(vectorised, lane, i);
    if (position >= scale.positions) continue;
    factors[i] = {by_teacher[position - tile.begin], by_student[position - tile.begin]};
  }
  for (int c = index / kWarpSize; c < scale.channels; c += kBlockWarps) {
    const int64_t plane = tile.features + static_cast<int64_t>(c) * scale.positions;
    if (vectorised) {
      const int position = tile.position(true, lane, 0);
      if (position >= scale.positions) continue;
      float t[kPerLane];
      float s[kPerLane];
      unpack<T>(load_vector(scale.teacher + plane + position), t);
      unpack<T>(load_vector(scale.student + plane + position), s);
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) {
        t[i] = factors[i].by_teacher * t[i] + factors[i].by_student * s[i];
      }
      store_vector(scale.gradient + plane + position, t);
    } else {
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) {
        const int position = tile.position(false, lane, i);
        if (position >= scale.positions) continue;
        scale.gradient[plane + position] =
            from_float<T>(factors[i].by_teacher * to_float(scale.teacher[plane + position]) +
                          factors[i].by_student * to_float(scale.student[plane + position]));
      }
    }
  }
  return distance;
}

/// Sets the scales' gradients, and keeps 16-byte accesses only where the gradients allow them too. Returns
/// cudaErrorInvalidValue unless there is one per scale.
template <typename T>
cudaError_t set_gradients(Scales<T>& scales, std::span<void* const> gradients) {
  if (gradients.size() != static_cast<size_t>(scales.count)) return cudaErrorInvalidValue;
  for (int k = 0; k < scales.count; ++k) {
    Scale<T>& scale = scales.at[k];
    scale.gradient = static_cast<T*>(gradients[static_cast<size_t>(k)]);
    scale.vectorised = scale.vectorised && reinterpret_cast<uintptr_t>(scale.gradient) % 16 == 0;
  }
  return cudaSuccess;
}

}  // namespace reverse_distillation::cuda
