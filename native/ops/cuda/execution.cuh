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

/// Launches `kernel` and returns whether the launch succeeded. Errors while the kernel runs show at the next
/// synchronisation.
template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, const Arguments&... arguments) {
  if (shared_bytes > kDefaultSharedBytes) {
    const cudaError_t error =
        cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
    if (error != cudaSuccess) return error;
  }
  kernel<<<grid, block, shared_bytes, stream>>>(arguments...);
  return cudaGetLastError();
}

}  // namespace reverse_distillation::cuda
