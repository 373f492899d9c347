#include "core/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "core/error.h"
#include "core/thread_team.h"

namespace reverse_distillation {

int cuda_devices() {
  // A LibTorch without CUDA registers nothing here; one with CUDA counts no devices if there is no driver.
  if (!c10::impl::hasDeviceGuardImpl(c10::kCUDA)) return 0;
  return c10::impl::getDeviceGuardImpl(c10::kCUDA)->deviceCount();
}

c10::Device parse_device(const std::string& name) {
  c10::Device device(c10::kCPU);
  try {
    device = c10::Device(name);
  } catch (const c10::Error&) {
    throw Error(ErrorCode::kInvalidArgument, "device must be \"cpu\" or \"cuda:N\"; got \"" + name + "\".");
  }
  if (device.is_cpu()) {
    // LibTorch tries NNPACK on small batches, and prints a warning each time if NNPACK does not know the
    // processor. ATen's own convolution runs everywhere.
    at::globalContext().setUserEnabledNNPACK(false);
    return device;
  }
  if (!device.is_cuda()) {
    throw Error(ErrorCode::kInvalidArgument, "device must be \"cpu\" or \"cuda:N\"; got \"" + name + "\".");
  }
  if (!device.has_index()) device.set_index(0);
  const int devices = cuda_devices();
  if (device.index() < devices) {
    // Some of cuDNN's algorithms add in an order that depends on thread timing; trainings must repeat to the
    // bit.
    at::globalContext().setDeterministicCuDNN(true);
    return device;
  }
  const std::string there =
      !c10::impl::hasDeviceGuardImpl(c10::kCUDA) ? "this build of the addon computes on the CPU only"
      : devices == 0                             ? "CUDA finds no GPU on this machine"
                     : "this machine has " + std::to_string(devices) + (devices == 1 ? " GPU" : " GPUs");
  throw Error(ErrorCode::kDeviceUnavailable,
              "device \"" + name + "\" is not available: " + there + ". Use \"cpu\" or \"auto\".");
}

at::Tensor move_to(const at::Tensor& tensor, c10::Device device) {
  if (device == tensor.device()) return tensor;
  if (device.is_cpu()) return tensor.to(device);
  return (tensor.is_cpu() ? tensor.pin_memory() : tensor)
      .to(device, tensor.scalar_type(), /*non_blocking=*/true);
}

int default_threads() {
  static const int threads = at::get_num_threads();
  return threads;
}

void set_threads(int threads) {
  // When a thread first reads this setting, LibTorch copies the number that any thread set last. Read it
  // before setting it, or another job's number would replace ours in the middle of the work. What remembers
  // that a thread has read it is an inline function: LibTorch has one of its own, and so does this library.
  at::get_num_threads();
  at::internal::lazy_init_num_threads();
  const int count = threads > 0 ? threads : default_threads();
  at::set_num_threads(count);
  make_thread_team(count);
}

}  // namespace reverse_distillation
