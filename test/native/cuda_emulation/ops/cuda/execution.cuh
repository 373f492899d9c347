#pragma once

// Replaces native/ops/cuda/execution.cuh: the same names, on the emulated machine.

#include <cuda_runtime.h>

#include <cstddef>
#include <tuple>

#include "machine.h"
#include "shared_pointer.h"

namespace reverse_distillation::cuda {

constexpr int kWarpSize = 32;
constexpr unsigned kWholeWarp = 0xFFFFFFFFU;
constexpr int kBlockThreads = 256;
constexpr int kBlockWarps = kBlockThreads / kWarpSize;
constexpr size_t kDefaultSharedBytes = size_t{47} << 10;

template <typename T>
using Shared = cuda_emulation::SharedPointer<T>;

#define RD_SHARED(type, name, count)                                            \
  static const char name##_declaration = 0;                                     \
  const auto name##_array = ::cuda_emulation::Machine::instance().shared_array( \
      &name##_declaration, static_cast<size_t>(count), sizeof(type));           \
  const ::cuda_emulation::SharedPointer<type> name(name##_array.data, name##_array.bytes)

#define RD_DYNAMIC_SHARED(type, name)                                              \
  const auto name##_array = ::cuda_emulation::Machine::instance().dynamic_array(); \
  const ::cuda_emulation::SharedPointer<type> name(name##_array.data, name##_array.bytes)

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t,
                   const Arguments&... arguments) {
  const std::tuple<Parameters...> values(arguments...);
  return cuda_emulation::Machine::instance().run(grid, block, shared_bytes,
                                                 [&] { std::apply(kernel, values); });
}

}  // namespace reverse_distillation::cuda
