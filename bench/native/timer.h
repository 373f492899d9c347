#pragma once

#include <c10/core/Device.h>

#include <functional>

#include "core/device_streams.h"

namespace reverse_distillation::bench {

/// Measures the time of work on a device.
class Timer {
 public:
  /// repetitions: runs of the work per measurement. measurements: their number; the median counts.
  Timer(c10::Device device, int repetitions, int measurements);

  /// Median time of one run of `work`, in seconds, after a warm-up run. On a GPU the repetitions are recorded
  /// and started as one piece, so that the time is the device's own and excludes the launch of each kernel.
  double measure(const std::function<void()>& work) const;

 private:
  DeviceStreams streams_;
  int repetitions_;
  int measurements_;
};

}  // namespace reverse_distillation::bench
