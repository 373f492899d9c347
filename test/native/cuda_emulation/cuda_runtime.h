#pragma once

// The part of the CUDA runtime that the kernels use, on the emulated machine.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "device_types.h"
#include "machine.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)

enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin };
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
/// As on sm_90.
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 227 << 10;
  return cudaSuccess;
}

#define threadIdx (::cuda_emulation::Machine::instance().thread_index())
#define blockIdx (::cuda_emulation::Machine::instance().block_index())
#define blockDim (::cuda_emulation::Machine::instance().block_size())
#define gridDim (::cuda_emulation::Machine::instance().grid_size())

#include "intrinsics.h"
