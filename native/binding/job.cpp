#include "binding/job.h"

namespace reverse_distillation::binding {

void Job::run() noexcept {
  const CancelScope scope(*cancel_);
  try {
    execute();
  } catch (...) {
    failure_ = describe_current_exception();
  }
}

void Job::fail_with(Napi::Error error) {
  if (!callback_error_) callback_error_ = std::move(error);
  cancel();
}

void Job::settle(Napi::Env env) {
  if (callback_error_) {
    deferred_.Reject(callback_error_->Value());
    return;
  }
  try {
    if (failure_) throw failure_->to_error(env);
    deferred_.Resolve(guarded(env, [&] { return result(env); }));
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  }
}

}  // namespace reverse_distillation::binding
