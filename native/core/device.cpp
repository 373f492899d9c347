#include "core/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "core/error.h"

namespace reverse_distillation {

int cuda_devices() {
  // A LibTorch without CUDA registers nothing here; one with it counts none where there is no driver.
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
    // LibTorch tries NNPACK on small batches, and prints a warning at each where the processor is none of
    // those that NNPACK knows. ATen's own convolution is on all of them.
    at::globalContext().setUserEnabledNNPACK(false);
    return device;
  }
  if (!device.is_cuda()) {
    throw Error(ErrorCode::kInvalidArgument, "device must be \"cpu\" or \"cuda:N\"; got \"" + name + "\".");
  }
  if (!device.has_index()) device.set_index(0);
  const int devices = cuda_devices();
  if (device.index() < devices) {
    // Among cuDNN's algorithms are some that add in the order in which threads happen to run; trainings are
    // to repeat to the bit.
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
  // At a thread's first look LibTorch takes over the number that any thread set last. That look must come
  // before the number is set, or another job's number would replace it in the middle of the work.
  at::get_num_threads();
  at::set_num_threads(threads > 0 ? threads : default_threads());
}

}  // namespace reverse_distillation
