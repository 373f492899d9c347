#pragma once

// The maximum of float32 values by integer operations; correct for any sign, zero, infinity and NaN.
//
// As signed integers, the bits of non-negative floats are ordered like the floats, and those of negative
// floats in reverse. Inverting all bits but the sign of the negative ones gives a key that is ordered like
// the floats. A NaN, made positive, is above every number: a map that contains one scores NaN.
//
// In device memory a score is always a plain float, so that nothing has to decode it. Bits without a sign
// raise it by a signed maximum, bits with a sign by an unsigned minimum. Neither operation undoes the other:
// any value without a sign is greater as a signed number and smaller as an unsigned one. Both may start from
// all bits set, which is the unsigned maximum and, as a signed number, below every value without a sign.

#include <cuda_runtime.h>

#include <cstdint>

namespace reverse_distillation::cuda {

/// The initial score: all bits set, as cudaMemsetAsync(scores, 0xFF, ...) leaves it.
__device__ __forceinline__ float no_score() { return __int_as_float(-1); }

/// A key that is ordered like the floats; `kNoScoreKey` is below the key of every float.
__device__ __forceinline__ int score_key(float value) {
  const int bits = value == value ? __float_as_int(value) : 0x7FFFFFFF;
  return bits >= 0 ? bits : bits ^ 0x7FFFFFFF;
}

constexpr int kNoScoreKey = INT32_MIN;

/// Raises a score in device memory to the value of a key.
__device__ __forceinline__ void raise_score(float* score, int key) {
  if (key >= 0) {
    atomicMax(reinterpret_cast<int*>(score), key);
  } else {
    atomicMin(reinterpret_cast<unsigned*>(score), static_cast<unsigned>(key ^ 0x7FFFFFFF));
  }
}

}  // namespace reverse_distillation::cuda
