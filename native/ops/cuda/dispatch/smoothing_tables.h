#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>

#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::cuda {

/// A smoothing plan with its tables on a device.
struct DevicePlan {
  SmoothingPlan plan;
  at::Tensor tables;
};

/// The plan for these sizes on `device`, made at the first call and kept: at most 16 of them, of which the
/// one that was longest not asked for gives way. Any thread. The first call copies to the device and waits
/// for it, so it must not come while a CUDA graph is captured; a graph that is captured with a plan keeps it.
std::shared_ptr<const DevicePlan> device_plan(std::span<const MapSize> maps, int64_t height, int64_t width,
                                              double sigma, c10::Device device);

}  // namespace reverse_distillation::cuda
