#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

namespace reverse_distillation {

/// GPUs that this build of the addon can compute on, on this machine. Never throws.
int cuda_devices();

/// The device that "cpu" or "cuda:N" names. Throws `Error(kDeviceUnavailable)` when this machine or this
/// build of the addon lacks it.
c10::Device parse_device(const std::string& name);

/// The tensor on `device`. To a GPU it goes through pinned memory, and nothing waits for the copy: what the
/// current stream does next comes after it.
at::Tensor move_to(const at::Tensor& tensor, c10::Device device);

/// Bounds the threads of the computations that the calling thread starts; 0 stands for LibTorch's default.
/// LibTorch keeps this setting per thread, so each job sets it for itself.
void set_threads(int threads);

/// LibTorch's default number of threads, as it was when the library was loaded.
int default_threads();

}  // namespace reverse_distillation
