#pragma once

#include <c10/core/Device.h>

#include <string>

namespace reverse_distillation {

/// The device that "cpu" or "cuda:N" names. Throws `Error(kDeviceUnavailable)` when this machine or this
/// build of the addon lacks it.
c10::Device parse_device(const std::string& name);

/// Bounds the threads of the computations that the calling thread starts; 0 stands for LibTorch's default.
/// LibTorch keeps this setting per thread, so each job sets it for itself.
void set_threads(int threads);

/// LibTorch's default number of threads, as it was when the library was loaded.
int default_threads();

}  // namespace reverse_distillation
