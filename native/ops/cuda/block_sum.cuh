#pragma once

// Sums over a block and over a whole launch, in an order that does not depend on scheduling, so that equal
// runs give equal bits.

#include "ops/cuda/execution.cuh"

namespace reverse_distillation::cuda {

/// The sum over the warp's lanes, returned to each of them. All lanes of the warp must call it.
template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int offset = kWarpSize / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(kWholeWarp, value, offset);
  }
  return value;
}

/// The sum over the block's threads, for thread 0 (other threads get partial sums). All threads of the block
/// must call it, since it contains a barrier. `scratch`: one element per warp, which nothing else may use
/// until the next barrier.
template <typename T>
__device__ __forceinline__ T block_sum(T value, Shared<T> scratch) {
  const int thread = static_cast<int>(threadIdx.x);
  value = warp_sum(value);
  if (thread % kWarpSize == 0) scratch[thread / kWarpSize] = value;
  __syncthreads();
  if (thread >= kWarpSize) return T{};
  T part = T{};
  if (thread < kBlockWarps) part = scratch[thread];
  return warp_sum(part);
}

}  // namespace reverse_distillation::cuda
