#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <optional>

namespace reverse_distillation {

/// The streams that one model's work runs on, and no other's: one for computing and one for copying, so that
/// both can run at the same time. The CPU has none, and everything here does nothing.
class DeviceStreams {
 public:
  explicit DeviceStreams(c10::Device device);
  ~DeviceStreams();
  DeviceStreams(const DeviceStreams&) = delete;
  DeviceStreams& operator=(const DeviceStreams&) = delete;

  /// Makes the device and its computing stream current on the calling thread for the lifetime of this object.
  /// LibTorch keeps both per thread, so each job does this.
  class Scope {
   public:
    explicit Scope(const std::optional<c10::Stream>& stream);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    std::optional<c10::Device> device_before_;
    std::optional<c10::Stream> stream_before_;
  };

  /// Waits for both streams if an exception ends its lifetime, so that what the streams' work reads can be
  /// released. Ignores errors of the device, since the exception is on its way.
  class WaitOnError {
   public:
    explicit WaitOnError(const DeviceStreams& streams) noexcept;
    ~WaitOnError();
    WaitOnError(const WaitOnError&) = delete;
    WaitOnError& operator=(const WaitOnError&) = delete;

   private:
    const DeviceStreams& streams_;
    int exceptions_before_;
  };

  Scope compute() const { return Scope(compute_); }
  Scope copy() const { return Scope(copy_); }

  /// Makes later work on the computing stream wait for all work started so far on the copying stream, or on
  /// the calling thread's current stream. Does not block.
  void compute_waits_for_copy() const;
  void compute_waits_for_current() const;

  /// Waits for the computing stream, and throws any error that occurred on it.
  void wait() const;

  /// Whether there are streams; false on the CPU.
  bool has_streams() const { return compute_.has_value(); }

 private:
  std::optional<c10::Stream> compute_;
  std::optional<c10::Stream> copy_;
};

}  // namespace reverse_distillation
