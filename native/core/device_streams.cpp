#include "core/device_streams.h"

#include <c10/core/Event.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace reverse_distillation {

namespace {

const c10::impl::DeviceGuardImplInterface& guard_of(c10::Stream stream) {
  return *c10::impl::getDeviceGuardImpl(stream.device_type());
}

void wait_for(const std::optional<c10::Stream>& waiting, const std::optional<c10::Stream>& awaited) {
  if (!waiting) return;
  c10::Event event(awaited->device_type());
  event.record(*awaited);
  event.block(*waiting);
}

}  // namespace

DeviceStreams::DeviceStreams(c10::Device device) {
  if (device.is_cpu()) return;
  const auto& guard = *c10::impl::getDeviceGuardImpl(device.type());
  compute_ = guard.getStreamFromGlobalPool(device);
  copy_ = guard.getStreamFromGlobalPool(device);
}

DeviceStreams::Scope::Scope(const std::optional<c10::Stream>& stream) {
  if (!stream) return;
  const auto& guard = guard_of(*stream);
  device_before_ = guard.exchangeDevice(stream->device());
  stream_before_ = guard.exchangeStream(*stream);
}

DeviceStreams::Scope::~Scope() {
  if (!stream_before_) return;
  const auto& guard = guard_of(*stream_before_);
  guard.exchangeStream(*stream_before_);
  guard.uncheckedSetDevice(*device_before_);
}

void DeviceStreams::copy_waits_for_compute() const { wait_for(copy_, compute_); }

void DeviceStreams::compute_waits_for_copy() const { wait_for(compute_, copy_); }

void DeviceStreams::wait() const {
  if (compute_) guard_of(*compute_).synchronizeStream(*compute_);
}

void DeviceStreams::wait_for_device() const {
  if (compute_) guard_of(*compute_).synchronizeDevice(compute_->device_index());
}

}  // namespace reverse_distillation
