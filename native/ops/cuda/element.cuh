#pragma once

// The element types of features, read and written one element or 16 bytes at a time.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(__half value) { return __half2float(value); }
__device__ __forceinline__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

template <typename T>
__device__ __forceinline__ T from_float(float value);
template <>
__device__ __forceinline__ float from_float(float value) {
  return value;
}
template <>
__device__ __forceinline__ __half from_float(float value) {
  return __float2half_rn(value);
}
template <>
__device__ __forceinline__ __nv_bfloat16 from_float(float value) {
  return __float2bfloat16_rn(value);
}

/// Elements in 16 bytes.
template <typename T>
constexpr int kVectorWidth = 16 / static_cast<int>(sizeof(T));

/// 16 bytes of features that will not be read again soon. `source` must be aligned to 16 bytes.
template <typename T>
__device__ __forceinline__ uint4 load_vector(const T* source) {
  return __ldcs(reinterpret_cast<const uint4*>(source));
}

/// The elements of 16 bytes.
template <typename T>
__device__ __forceinline__ void unpack(const uint4& vector, float (&values)[kVectorWidth<T>]) {
  T elements[kVectorWidth<T>];
  memcpy(elements, &vector, sizeof(vector));
#pragma unroll
  for (int i = 0; i < kVectorWidth<T>; ++i) values[i] = to_float(elements[i]);
}

/// Rounds to the element type and writes 16 bytes. `target` must be aligned to 16 bytes.
template <typename T>
__device__ __forceinline__ void store_vector(T* target, const float (&values)[kVectorWidth<T>]) {
  T elements[kVectorWidth<T>];
#pragma unroll
  for (int i = 0; i < kVectorWidth<T>; ++i) elements[i] = from_float<T>(values[i]);
  uint4 vector;
  memcpy(&vector, elements, sizeof(vector));
  __stwb(reinterpret_cast<uint4*>(target), vector);
}

/// Whether rows of `length` elements starting at each of `pointers` allow 16-byte accesses.
template <typename T, typename... Pointers>
bool can_vectorise(int64_t length, const Pointers*... pointers) {
  return length % kVectorWidth<T> == 0 && ((reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

/// Calls `body` with a value of the element type.
template <typename Body>
cudaError_t with_element_type(ElementType type, const Body& body) {
  switch (type) {
    case ElementType::kFloat32:
      return body(float{});
    case ElementType::kFloat16:
      return body(__half{});
    case ElementType::kBFloat16:
      return body(__nv_bfloat16{});
  }
  return cudaErrorInvalidValue;
}

}  // namespace reverse_distillation::cuda
