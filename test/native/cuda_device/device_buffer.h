#pragma once

// The counterpart of test/native/cuda_emulation/device_buffer.h on a GPU.

#include <cstddef>
#include <cstdint>

namespace cuda_emulation {

/// On a GPU no page faults next to a buffer, so the place of a buffer changes only what is next to it. The
/// guard bytes and compute-sanitizer find what is written or read there.
enum class Placement { kAtEnd, kAtStart };

/// A test's memory on the GPU. It starts poisoned with set bits, which are NaNs of every type, between guard
/// bytes. Every function throws `std::runtime_error` if CUDA fails, also in a kernel that ran before.
class DeviceBuffer {
 public:
  /// @param alignment 16 bytes, or the size of one element for an address that is aligned to no more.
  DeviceBuffer(size_t bytes, Placement placement, size_t alignment = 16);
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  /// Copies all bytes from or to the host, after all kernels.
  void write(const void* source);
  void read(void* target) const;

  /// Throws if a guard byte was overwritten.
  void check_guards() const;

 private:
  std::byte* whole_ = nullptr;
  std::byte* data_ = nullptr;
  size_t bytes_;
};

}  // namespace cuda_emulation
