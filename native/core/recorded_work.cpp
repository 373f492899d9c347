#include "core/recorded_work.h"

namespace reverse_distillation {

namespace {

/// Zero-initialised before any registration runs.
constinit Recorder registered = nullptr;

}  // namespace

RecorderRegistration::RecorderRegistration(Recorder recorder) { registered = recorder; }

std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work) {
  return registered == nullptr ? nullptr : registered(work);
}

}  // namespace reverse_distillation
