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
/// least recently used goes first, but is still found while something else uses it. Any thread. Making a plan
/// copies to the device and waits, so it must not happen during the capture of a CUDA graph. Recorded work
/// keeps the plans of its runs before the recording, so the recording finds them.
std::shared_ptr<const DevicePlan> device_plan(std::span<const MapSize> maps, int64_t height, int64_t width,
                                              double sigma, c10::Device device);

}  // namespace reverse_distillation::cuda
