#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

namespace reverse_distillation {

/// Number of GPUs on this machine that this build of the addon can use. Never throws.
int cuda_devices();

/// The device named "cpu" or "cuda:N". Throws `Error(kDeviceUnavailable)` if this machine or this build of
/// the addon lacks it.
c10::Device parse_device(const std::string& name);

/// The tensor on `device`. A copy to a GPU goes through pinned memory and is asynchronous: later work on the
/// current stream comes after it.
at::Tensor move_to(const at::Tensor& tensor, c10::Device device);

/// Sets the number of threads of computations that the calling thread starts, and makes them; 0 means
/// LibTorch's default. LibTorch keeps this setting per thread, so each job sets it.
///
/// Throws `Error(kOutOfMemory)` if the system refuses the threads.
void set_threads(int threads);

/// LibTorch's default number of threads, as it was when the library was loaded.
int default_threads();

}  // namespace reverse_distillation
