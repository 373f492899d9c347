#pragma once

#include <cstddef>
#include <cstdint>

namespace cuda_emulation {

/// Where a buffer lies between the pages that nobody may touch.
enum class Placement {
  kAtEnd,    ///< Ends where the page behind begins: what reaches beyond it faults.
  kAtStart,  ///< Begins where the page before ends: what reaches before it faults.
};

/// Device memory of a test. It begins poisoned with set bits, which are NaNs of every type; all around it lie
/// guard bytes and, beyond these, pages whose touch is a Fault.
class DeviceBuffer {
 public:
  /// @param alignment of the buffer: 16, or the size of an element, for an address that is aligned to no
  /// more.
  DeviceBuffer(size_t bytes, Placement placement, size_t alignment = 16);
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  /// Throws a Fault if a guard byte was written.
  void check_guards() const;

 private:
  std::byte* pages_;
  size_t inner_bytes_;
  std::byte* data_;
  size_t bytes_;
};

}  // namespace cuda_emulation
