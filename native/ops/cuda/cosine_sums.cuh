#pragma once

// The sums that make up the cosine at a position, over channels-last and channels-first features.

#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"
#include "ops/cuda/scales.cuh"
#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

struct CosineSums {
  float teacher;  ///< <t, t>
  float student;  ///< <s, s>
  float product;  ///< <t, s>
};

/// gradient = by_teacher * t + by_student * s
struct GradientFactors {
  float by_teacher;
  float by_student;
};

__device__ __forceinline__ void add_to(CosineSums& sums, float t, float s) {
  sums.teacher = fmaf(t, t, sums.teacher);
  sums.student = fmaf(s, s, sums.student);
  sums.product = fmaf(t, s, sums.product);
}

__device__ __forceinline__ CosineSums operator+(const CosineSums& a, const CosineSums& b) {
  return {a.teacher + b.teacher, a.student + b.student, a.product + b.product};
}

__device__ __forceinline__ float floored_norm(float squares) {
  const float norm = sqrtf(squares);
  return norm > kNormFloor ? norm : kNormFloor;
}

/// Deng & Li 2022, Eq. 1.
__device__ __forceinline__ float distance_of(const CosineSums& sums) {
  return 1.0F - sums.product / (floored_norm(sums.teacher) * floored_norm(sums.student));
}

/// The derivative of `distance_of` with respect to the student, times `grad`; 0 where the student's norm is
/// at or below the floor.
__device__ __forceinline__ GradientFactors factors_of(const CosineSums& sums, float grad) {
  const float student = sqrtf(sums.student);
  if (!(student > kNormFloor)) return {0.0F, 0.0F};
  const float by_teacher = -grad / (floored_norm(sums.teacher) * student);
  return {by_teacher, -by_teacher * sums.product / sums.student};
}

template <typename T>
__device__ __forceinline__ void add_vectors(CosineSums& sums, const uint4& teacher, const uint4& student) {
  float t[kVectorWidth<T>];
  float s[kVectorWidth<T>];
  unpack<T>(teacher, t);
  unpack<T>(student, s);
#pragma unroll
  for (int i = 0; i < kVectorWidth<T>; ++i) add_to(sums, t[i], s[i]);
}

/// The same for vectors over neighbouring positions, each of which has its own sums.
template <typename T>
__device__ __forceinline__ void add_vectors(CosineSums (&sums)[kVectorWidth<T>], const uint4& teacher,
                                            const uint4& student) {
  float t[kVectorWidth<T>];
  float s[kVectorWidth<T>];
  unpack<T>(teacher, t);
  unpack<T>(student, s);
#pragma unroll
  for (int i = 0; i < kVectorWidth<T>; ++i) add_to(sums[i], t[i], s[i]);
}

/// Writes the 16 bytes of gradient that belong to 16 bytes of each feature.
template <typename T>
__device__ __forceinline__ void store_gradient(T* gradient, const uint4& teacher, const uint4& student,
                                               const GradientFactors& factors) {
  float t[kVectorWidth<T>];
  float s[kVectorWidth<T>];
  unpack<T>(teacher, t);
  unpack<T>(student, s);
#pragma unroll
  for (int i = 0; i < kVectorWidth<T>; ++i) {
    t[i] = factors.by_teacher * t[i] + factors.by_student * s[i];
  }
  store_vector(gradient, t);
}

/// Sums over the channels that one of `lanes` threads handles, starting at `first`.
template <typename T>
__device__ __forceinline__ void add_vectors_of_lane(CosineSums& sums, const T* teacher, const T* student,
                                                    int first, int channels, int lanes) {
  const int step = lanes * kVectorWidth<T>;
  int c = first;
  for (; c + (kVectorsPerLane - 1) * step < channels; c += kVectorsPerLane * step) {
    uint4 t[kVectorsPerLane];
    uint4 s[kVectorsPerLane];
#pragma unroll
    for (int i = 0; i < kVectorsPerLane; ++i) {
      t[i] = load_vector(teacher + c + i * step);
      s[i] = load_vector(student + c + i * step);
    }
#pragma unroll
    for (int i = 0; i < kVectorsPerLane; ++i) add_vectors<T>(sums, t[i], s[i]);
  }
  for (; c < channels; c += step) {
    add_vectors<T>(sums, load_vector(teacher + c), load_vector(student + c));
  }
}

template <typename T>
__device__ __forceinline__ void add_elements_of_lane(CosineSums& sums, const T* teacher, const T* student,
                                                     int first, int channels, int lanes) {
#pragma unroll 4
  for (int c = first; c < channels; c += lanes) add_to(sums, to_float(teacher[c]), to_float(student[c]));
}

/// Adds up the sums of `lanes` neighbouring threads, and returns the total to each of them. All lanes of the
/// warp must call it.
__device__ __forceinline__ CosineSums reduce_lanes(CosineSums sums, int lanes) {
  for (int offset = lanes / 2; offset > 0; offset /= 2) {
    sums.teacher += __shfl_xor_sync(kWholeWarp, sums.teacher, offset);
    sums.student += __shfl_xor_sync(kWholeWarp, sums.student, offset);
    sums.product += __shfl_xor_sync(kWholeWarp, sums.product, offset);
  }
  return sums;
}

/// A block's part of channels-first features: neighbouring positions of one image. Its warps share the
/// channels, its lanes the positions.
template <typename T>
struct PlaneTile {
  static constexpr int kPositions = kTilePositions<T>;
  static constexpr int kPerLane = kVectorWidth<T>;

  int64_t features;  ///< Index of channel 0 at position 0 of the image.
  int64_t maps;      ///< Index of position 0 of the image in a map.
  int begin;         ///< First position of the tile.

  __device__ __forceinline__ explicit PlaneTile(const Scale<T>& scale) {
    const int tiles = (scale.positions + kPositions - 1) / kPositions;
    const int block = static_cast<int>(blockIdx.x) - scale.first_block;
    const int image = block / tiles;
    maps = static_cast<int64_t>(image) * scale.positions;
    features = maps * scale.channels;
    begin = block % tiles * kPositions;
  }

  /// Position in the image of a lane's i-th position. With 16-byte reads a lane's positions are consecutive;
  /// otherwise neighbouring lanes have neighbouring positions.
  __device__ __forceinline__ int position(bool vectorised, int lane, int i) const {
    return begin + (vectorised ? lane * kPerLane + i : i * kWarpSize + lane);
  }
};

/// Shared memory of `sum_tile`, in floats: three sums per position and warp.
template <typename T>
constexpr int kTileSums = 3 * kBlockWarps * kTilePositions<T>;

/// The sums over all channels at the tile's position number `threadIdx.x`; zeros beyond the tile or image.
/// All threads of the block must call it, since it contains a barrier.
template <typename T>
__device__ __forceinline__ CosineSums sum_tile(const Scale<T>& scale, const PlaneTile<T>& tile,
                                               Shared<float> scratch) {
  constexpr int kPerLane = PlaneTile<T>::kPerLane;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const T* const teacher = scale.teacher + tile.features;
  const T* const student = scale.student + tile.features;

  CosineSums sums[kPerLane] = {};
  if (!scale.vectorised) {
    for (int c = warp; c < scale.channels; c += kBlockWarps) {
      const int64_t plane = static_cast<int64_t>(c) * scale.positions;
#pragma unroll
      for (int i = 0; i < kPerLane; ++i) {
        const int position = tile.position(false, lane, i);
        if (position >= scale.positions) continue;
        add_to(sums[i], to_float(teacher[plane + position]), to_float(student[plane + position]));
      }
    }
  } else if (tile.position(true, lane, 0) < scale.positions) {
    const int64_t step = static_cast<int64_t>(kBlockWarps) * scale.positions;
    int64_t at = static_cast<int64_t>(warp) * scale.positions + tile.position(true, lane, 0);
    int c = warp;
    for (; c + (kVectorsPerLane - 1) * kBlockWarps < scale.channels; c += kVectorsPerLane * kBlockWarps) {
      uint4 t[kVectorsPerLane];
      uint4 s[kVectorsPerLane];
#pragma unroll
      for (int i = 0; i < kVectorsPerLane; ++i) {
        t[i] = load_vector(teacher + at + i * step);
        s[i] = load_vector(student + at + i * step);
      }
#pragma unroll
      for (int i = 0; i < kVectorsPerLane; ++i) add_vectors<T>(sums, t[i], s[i]);
      at += kVectorsPerLane * step;
    }
    for (; c < scale.channels; c += kBlockWarps, at += step) {
      add_vectors<T>(sums, load_vector(teacher + at), load_vector(student + at));
    }
  }

  // The i-th positions of all lanes are adjacent, so that a warp's writes have no bank conflicts.
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int place = warp * tile.kPositions + i * kWarpSize + lane;
    scratch[place] = sums[i].teacher;
    scratch[place + kTileSums<T> / 3] = sums[i].student;
    scratch[place + 2 * (kTileSums<T> / 3)] = sums[i].product;
  }
  __syncthreads();

  CosineSums total = {};
  const int index = static_cast<int>(threadIdx.x);
  if (index >= tile.kPositions) return total;
  const int place = scale.vectorised ? index % kPerLane * kWarpSize + index / kPerLane : index;
  for (int w = 0; w < kBlockWarps; ++w) {
    const int at = w * tile.kPositions + place;
    const CosineSums part = {scratch[at], scratch[at + kTileSums<T> / 3],
                             scratch[at + 2 * (kTileSums<T> / 3)]};
    total = total + part;
  }
  return total;
}

}  // namespace reverse_distillation::cuda
