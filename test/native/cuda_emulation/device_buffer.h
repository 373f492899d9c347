#pragma once

#include <cstddef>
#include <cstdint>

namespace cuda_emulation {

/// Where a buffer is placed between inaccessible pages.
enum class Placement {
  kAtEnd,    ///< Ends where the next page begins: accesses beyond its end fault.
  kAtStart,  ///< Begins where the previous page ends: accesses before its start fault.
};

/// A test's device memory. It starts poisoned with set bits, which are NaNs of every type. It is surrounded
/// by guard bytes and, beyond these, by pages on which any access is a Fault.
class DeviceBuffer {
 public:
  /// @param alignment 16 bytes, or the size of one element for an address that is aligned to no more.
  DeviceBuffer(size_t bytes, Placement placement, size_t alignment = 16);
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  /// Copies all bytes from or to the host.
  void write(const void* source);
  void read(void* target) const;

  /// Throws a Fault if a guard byte was overwritten.
  void check_guards() const;

 private:
  std::byte* pages_;
  size_t inner_bytes_;
  std::byte* data_;
  size_t bytes_;
};

}  // namespace cuda_emulation
