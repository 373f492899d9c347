#include "core/float32_mode.h"

#include <ATen/Context.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace reverse_distillation {

namespace {

struct Switch {
  std::mutex mutex;
  std::condition_variable changed;
  int active = 0;                   ///< Holders; all of them have the mode `tf32`.
  std::array<int, 2> waiting = {};  ///< By mode: exact, TF32.
  bool tf32 = false;
};

/// Never destroyed: threads may outlive statics.
Switch& process_switch() {
  static Switch& instance = *new Switch;
  return instance;
}

}  // namespace

Float32Mode::Float32Mode(c10::Device device, Precision precision)
    : holds_(device.is_cuda() && (precision == Precision::kFloat32 || precision == Precision::kTf32)) {
  if (!holds_) return;
  const bool tf32 = precision == Precision::kTf32;
  Switch& shared = process_switch();
  std::unique_lock lock(shared.mutex);
  ++shared.waiting[tf32];
  // If both modes are waited for, they take turns. Otherwise overlapping work of one mode would keep the
  // other out forever.
  const auto may_begin = [&] {
    if (shared.waiting[!tf32] > 0) return shared.active == 0 && shared.tf32 != tf32;
    return shared.active == 0 || shared.tf32 == tf32;
  };
  // Not wait(): see JobThread::run.
  while (!shared.changed.wait_for(lock, std::chrono::hours(1), may_begin)) {
  }
  --shared.waiting[tf32];
  ++shared.active;
  shared.tf32 = tf32;
  // Only convolutions: these networks have no other matrix products.
  at::globalContext().setFloat32Precision(at::Float32Backend::CUDA, at::Float32Op::CONV,
                                          tf32 ? at::Float32Precision::TF32 : at::Float32Precision::IEEE);
}

Float32Mode::~Float32Mode() {
  if (!holds_) return;
  Switch& shared = process_switch();
  const std::lock_guard lock(shared.mutex);
  --shared.active;
  shared.changed.notify_all();
}

}  // namespace reverse_distillation
