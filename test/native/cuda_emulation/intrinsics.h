#pragma once

// Built-in functions of the device language.

#include "fault.h"
#include "machine.h"

// Barriers and warp operations.

inline void __syncthreads(cuda_emulation::Site site = cuda_emulation::Site::current()) {
  cuda_emulation::Machine::instance().block_barrier(site);
}

inline void __syncwarp(unsigned mask = 0xFFFFFFFFU,
                       cuda_emulation::Site site = cuda_emulation::Site::current()) {
  cuda_emulation::Machine::instance().warp_operation(cuda_emulation::Machine::WarpOperation::kBarrier, mask,
                                                     0, 0, site);
}

namespace cuda_emulation {

template <typename T>
T shuffle(unsigned mask, T value, int source, const Site& site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = Machine::instance().warp_operation(Machine::WarpOperation::kShuffle, mask, bits, source, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

/// On a device, 16-byte loads and stores fault unless they are aligned.
template <typename T>
const T& aligned(const T* source) {
  if (reinterpret_cast<uintptr_t>(source) % alignof(T) != 0) throw Fault("an access is not aligned");
  return *source;
}

}  // namespace cuda_emulation

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes,
                  cuda_emulation::Site site = cuda_emulation::Site::current()) {
  return cuda_emulation::shuffle(mask, value, cuda_emulation::Machine::instance().lane() ^ lanes, site);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source,
              cuda_emulation::Site site = cuda_emulation::Site::current()) {
  return cuda_emulation::shuffle(mask, value, source & 31, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              cuda_emulation::Site site = cuda_emulation::Site::current()) {
  return static_cast<unsigned>(cuda_emulation::Machine::instance().warp_operation(
      cuda_emulation::Machine::WarpOperation::kBallot, mask, predicate != 0 ? 1 : 0, 0, site));
}

inline int __reduce_max_sync(unsigned mask, int value,
                             cuda_emulation::Site site = cuda_emulation::Site::current()) {
  return static_cast<int>(static_cast<int64_t>(cuda_emulation::Machine::instance().warp_operation(
      cuda_emulation::Machine::WarpOperation::kMaximum, mask,
      static_cast<uint64_t>(static_cast<int64_t>(value)), 0, site)));
}

// Memory. Blocks run one after another and a thread yields only at its atomics, so these need nothing more.

inline void __threadfence() {}

template <typename T>
T __ldg(const T* source) {
  return cuda_emulation::aligned(source);
}
template <typename T>
T __ldcs(const T* source) {
  return cuda_emulation::aligned(source);
}
template <typename T>
T __ldcg(const T* source) {
  return cuda_emulation::aligned(source);
}
template <typename T>
void __stwb(T* target, T value) {
  cuda_emulation::aligned(target);
  *target = value;
}

template <typename T>
T atomicAdd(T* target, T value) {
  cuda_emulation::Machine::instance().maybe_yield();
  const T before = *target;
  *target = before + value;
  return before;
}
template <typename T>
T atomicMax(T* target, T value) {
  cuda_emulation::Machine::instance().maybe_yield();
  const T before = *target;
  *target = std::max(before, value);
  return before;
}
template <typename T>
T atomicMin(T* target, T value) {
  cuda_emulation::Machine::instance().maybe_yield();
  const T before = *target;
  *target = std::min(before, value);
  return before;
}

// Arithmetic.

inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
using std::max;
using std::min;
