#pragma once

// The maximum of float32 values by integer operations, right for any sign, zero, infinity and NaN.
//
// As signed integers, the bits of floats without a sign order as the floats do, and those of floats with one
// order backwards: inverting all but the sign of these gives a key that orders like the floats. A NaN, made
// positive, is above every number: a map that holds one scores NaN.
//
// In device memory a score is a plain float throughout, so that nothing has to decode it afterwards: bits
// without a sign are raised by a signed maximum, bits with one by an unsigned minimum. Either leaves alone
// what the other put there rightly: any value without a sign is the greater as a signed number and the lesser
// as an unsigned one. All bits set, which is the unsigned maximum and below every signed value without a
// sign, is what both may begin with.

#include <cuda_runtime.h>

#include <cstdint>

namespace reverse_distillation::cuda {

/// What a score holds before the first value: all bits set, as cudaMemsetAsync(scores, 0xFF, ...) leaves it.
__device__ __forceinline__ float no_score() { return __int_as_float(-1); }

/// A key that orders like the floats; `kNoScoreKey` is below that of each.
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
