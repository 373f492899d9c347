#pragma once

#include <c10/core/Device.h>

#include <functional>

#include "core/device_streams.h"

namespace reverse_distillation::bench {

/// Times work on a device.
class Timer {
 public:
  /// repetitions: of the work in one measurement. measurements: of which the median counts.
  Timer(c10::Device device, int repetitions, int measurements);

  /// Median time of one run of `work`, in seconds. It runs first to warm up. On a GPU its repetitions are
  /// recorded and started as one piece, so that the time is the device's own, without that of starting each
  /// kernel.
  double measure(const std::function<void()>& work) const;

 private:
  DeviceStreams streams_;
  int repetitions_;
  int measurements_;
};

}  // namespace reverse_distillation::bench
