#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// A smoothing plan and its tables on a device.
struct DevicePlan {
  SmoothingPlan plan;
  at::Tensor tables;
};

/// The plan for these sizes on `device`, made at the first call and kept. At most 16 plans are kept; the
/// least recently used goes first. Any thread. The first call copies to the device and waits, so it must not
/// happen during the capture of a CUDA graph. A graph that is captured with a plan keeps it alive.
std::shared_ptr<const DevicePlan> device_plan(std::span<const MapSize> maps, int64_t height, int64_t width,
                                              double sigma, c10::Device device);

}  // namespace reverse_distillation::cuda
