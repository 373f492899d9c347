#pragma once

// The parts of the machine that kernels need beyond the CUDA language: shared memory and launches. Kernels
// name them only through this header, so that tests can substitute another machine.

#include <cuda_runtime.h>

#include <cstddef>

namespace reverse_distillation::cuda {

constexpr int kWarpSize = 32;
constexpr unsigned kWholeWarp = 0xFFFFFFFFU;

/// Threads per block in all kernels: eight warps.
constexpr int kBlockThreads = 256;
constexpr int kBlockWarps = kBlockThreads / kWarpSize;

/// Dynamic shared memory that a block gets without asking: 48 KiB, minus what kernels that use it may declare
/// statically.
constexpr size_t kDefaultSharedBytes = size_t{47} << 10;

/// A pointer into shared memory.
template <typename T>
using Shared = T*;

/// Declares `name`, an array of `count` elements of `type` in the block's shared memory.
#define RD_SHARED(type, name, count) __shared__ type name[count]

/// Declares `name`, the block's dynamic shared memory as an array of `type`.
#define RD_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]

/// Allows `kernel` as much dynamic shared memory as the current device has, beside what it declares
/// statically. Not what one launch needs: the limit belongs to the kernel, and other threads launch it too,
/// with more or with less.
inline cudaError_t raise_shared_limit(const void* kernel) {
  int device = 0;
  int most = 0;
  cudaFuncAttributes attributes{};
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  if (error == cudaSuccess) error = cudaFuncGetAttributes(&attributes, kernel);
  if (error != cudaSuccess) return error;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              most - static_cast<int>(attributes.sharedSizeBytes));
}

/// Launches `kernel` and returns whether the launch succeeded. Errors while the kernel runs show at the next
/// synchronisation.
template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, const Arguments&... arguments) {
  if (shared_bytes > kDefaultSharedBytes) {
    const cudaError_t error = raise_shared_limit(reinterpret_cast<const void*>(kernel));
    if (error != cudaSuccess) return error;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  // Its own result: cudaGetLastError may return that of an earlier call.
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

}  // namespace reverse_distillation::cuda
