#pragma once

// All scales of a batch as the argument of one launch, and which blocks work on which scale.

#include <climits>
#include <cstdint>

#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"
#include "ops/cuda/features.h"
#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

/// One scale as the blocks of a launch see it.
template <typename T>
struct Scale {
  const T* teacher;
  const T* student;
  int channels;
  int positions;          ///< per image
  int64_t all_positions;  ///< in the batch
  int first_block;        ///< The scale's blocks run from this one up to the next scale's first.
  int lanes;              ///< Channels-last: threads that share a position; a power of two, 32 at most.
  bool channels_last;
  bool vectorised;

  float* distance;    ///< Forward only.
  const float* grad;  ///< Backward only.
  float weight;       ///< Location loss only: weight of a position in the loss.
  T* gradient;        ///< Backward and location loss.
};

/// The argument of a launch, passed by value: it is in constant memory.
template <typename T>
struct Scales {
  Scale<T> at[kMaxMaps];
  int count;
};

/// Positions of a block's tile over channels-first features: one vector of them per lane.
template <typename T>
constexpr int kTilePositions = kWarpSize * kVectorWidth<T>;

/// Vectors of each feature that a thread reads before it computes, over channels-last features: twice as many
/// 16-byte reads in flight hide the memory's latency.
constexpr int kVectorsPerLane = 4;

template <typename T>
__device__ __forceinline__ const Scale<T>& scale_of_block(const Scales<T>& scales) {
  int k = 0;
  while (k + 1 < scales.count && static_cast<int>(blockIdx.x) >= scales.at[k + 1].first_block) ++k;
  return scales.at[k];
}

/// Lays out the blocks of one launch over `pairs`. `blocks`: set to their number, which is 0 only for an
/// empty batch. Returns cudaErrorInvalidValue if pairs, channels or positions are out of range.
template <typename T>
cudaError_t plan_scales(FeaturePairs pairs, int64_t batch, Scales<T>& scales, int& blocks) {
  blocks = 0;
  if (pairs.empty() || pairs.size() > kMaxMaps || batch < 0) return cudaErrorInvalidValue;
  int64_t total = 0;
  scales.count = 0;
  for (const FeaturePair& pair : pairs) {
    if (pair.channels < 1 || pair.channels > INT_MAX || pair.positions < 1 || pair.positions > INT_MAX) {
      return cudaErrorInvalidValue;
    }
    Scale<T>& scale = scales.at[scales.count++];
    scale = {};
    scale.teacher = static_cast<const T*>(pair.teacher);
    scale.student = static_cast<const T*>(pair.student);
    scale.channels = static_cast<int>(pair.channels);
    scale.positions = static_cast<int>(pair.positions);
    scale.all_positions = batch * pair.positions;
    scale.first_block = static_cast<int>(total);
    scale.channels_last = pair.layout == Layout::kChannelsLast;
    const int64_t row = scale.channels_last ? pair.channels : pair.positions;
    scale.vectorised = can_vectorise<T>(row, scale.teacher, scale.student);
    if (scale.channels_last) {
      const int64_t shares =
          scale.vectorised ? pair.channels / (kVectorWidth<T> * kVectorsPerLane) : pair.channels;
      scale.lanes = 1;
      while (scale.lanes < shares && scale.lanes < kWarpSize) scale.lanes *= 2;
      const int64_t per_block = kBlockThreads / scale.lanes;
      total += (scale.all_positions + per_block - 1) / per_block;
    } else {
      total += batch * ((pair.positions + kTilePositions<T> - 1) / kTilePositions<T>);
    }
    if (total > INT_MAX) return cudaErrorInvalidValue;
  }
  blocks = static_cast<int>(total);
  return cudaSuccess;
}

}  // namespace reverse_distillation::cuda
