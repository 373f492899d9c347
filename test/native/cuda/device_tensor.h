#pragma once

// The tests' tensors in the memory of the device: the emulated machine, or a GPU (cuda_device).

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "device_buffer.h"
#include "ops/cuda/features.h"

namespace reverse_distillation::test {

using cuda_emulation::DeviceBuffer;
using cuda_emulation::Placement;

/// How a buffer is placed: whether accesses beyond its end or before its start fault, and whether 16 bytes
/// may be read at once.
struct Lie {
  Placement placement = Placement::kAtEnd;
  bool aligned = true;
};

inline const std::vector<Lie> kLies = {
    {Placement::kAtEnd, true}, {Placement::kAtStart, true}, {Placement::kAtEnd, false}};

/// Elements in device memory, in the order of the host tensor's memory.
class DeviceTensor {
 public:
  /// A copy of a tensor, which must have no gaps.
  explicit DeviceTensor(const at::Tensor& host, Lie lie = {})
      : DeviceTensor(host.numel(), host.scalar_type(), lie) {
    const at::Tensor flat = host.contiguous();
    buffer_->write(flat.data_ptr());
  }

  /// Poisoned elements.
  DeviceTensor(int64_t count, at::ScalarType type, Lie lie = {})
      : type_(type),
        count_(count),
        buffer_(std::make_unique<DeviceBuffer>(static_cast<size_t>(count) * at::elementSize(type),
                                               lie.placement, lie.aligned ? 16 : at::elementSize(type))) {}

  template <typename T = void>
  T* data() const {
    return reinterpret_cast<T*>(buffer_->data());
  }

  /// The present contents, as [count]. Throws a Fault if anything was written next to them.
  at::Tensor host() const {
    buffer_->check_guards();
    at::Tensor copy = at::empty({count_}, type_);
    buffer_->read(copy.data_ptr());
    return copy;
  }

 private:
  at::ScalarType type_;
  int64_t count_;
  std::unique_ptr<DeviceBuffer> buffer_;
};

inline cuda::ElementType element_type(at::ScalarType type) {
  if (type == at::kFloat) return cuda::ElementType::kFloat32;
  return type == at::kHalf ? cuda::ElementType::kFloat16 : cuda::ElementType::kBFloat16;
}

}  // namespace reverse_distillation::test
