#include "core/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "core/error.h"

namespace reverse_distillation {

c10::Device parse_device(const std::string& name) {
  c10::Device device(c10::kCPU);
  try {
    device = c10::Device(name);
  } catch (const c10::Error&) {
    throw Error(ErrorCode::kInvalidArgument, "device must be \"cpu\" or \"cuda:N\"; got \"" + name + "\".");
  }
  if (device.is_cpu()) return device;
  throw Error(ErrorCode::kDeviceUnavailable,
              "device \"" + name + "\" is not available: this build of the addon computes on the CPU only. " +
                  "Use \"cpu\" or \"auto\".");
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
