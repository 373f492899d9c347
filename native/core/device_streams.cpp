#include "core/device_streams.h"

#include <c10/core/Event.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <exception>

#include "core/gpu_backend.h"

namespace reverse_distillation {

namespace {

const c10::impl::DeviceGuardImplInterface& guard_of(c10::Stream stream) {
  return *c10::impl::getDeviceGuardImpl(stream.device_type());
}

void wait_for(c10::Stream waiting, c10::Stream awaited) {
  c10::Event event(awaited.device_type());
  event.record(awaited);
  event.block(waiting);
}

void wait_quietly(c10::Stream stream) noexcept {
  try {
    guard_of(stream).synchronizeStream(stream);
  } catch (const std::exception&) {
    return;  // A stream whose device has failed does no more work.
  }
}

}  // namespace

DeviceStreams::DeviceStreams(c10::Device device) {
  if (device.is_cpu()) return;
  compute_ = gpu_backend()->take_stream(device);
  copy_ = gpu_backend()->take_stream(device);
}

DeviceStreams::~DeviceStreams() {
  for (const auto& stream : {compute_, copy_}) {
    if (stream) gpu_backend()->give_back_stream(*stream);
  }
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

DeviceStreams::WaitOnError::WaitOnError(const DeviceStreams& streams) noexcept
    : streams_(streams), exceptions_before_(std::uncaught_exceptions()) {}

DeviceStreams::WaitOnError::~WaitOnError() {
  if (std::uncaught_exceptions() == exceptions_before_) return;
  for (const auto& stream : {streams_.copy_, streams_.compute_}) {
    if (stream) wait_quietly(*stream);
  }
}

void DeviceStreams::compute_waits_for_copy() const {
  if (compute_) wait_for(*compute_, *copy_);
}

void DeviceStreams::compute_waits_for_current() const {
  if (compute_) wait_for(*compute_, guard_of(*compute_).getStream(compute_->device()));
}

void DeviceStreams::wait() const {
  if (compute_) guard_of(*compute_).synchronizeStream(*compute_);
}

}  // namespace reverse_distillation
