#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "binding/guard.h"
#include "core/cancel_token.h"

namespace reverse_distillation::binding {

/// One piece of work off the event loop, with the promise that it settles.
///
/// Its life: made on the event loop; `execute` on a job thread; `result` and destruction on the event loop
/// again. A job whose environment closes before is destroyed without settling.
class Job {
 public:
  explicit Job(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  Napi::Promise promise() const { return deferred_.Promise(); }

  /// Keeps a JavaScript value alive until the job is destroyed.
  void keep(const Napi::Object& value) { kept_.push_back(Napi::Persistent(value)); }

  /// Asks running work to end soon. Any thread.
  void cancel() { cancel_->cancel(); }

  /// On a job thread: runs `execute` and keeps what it throws.
  void run() noexcept;

  /// On the event loop: resolves or rejects the promise.
  void settle(Napi::Env env);

  /// On the event loop: makes the job reject with what a callback of the caller's threw.
  void fail_with(Napi::Error error);

 protected:
  /// The work. No N-API here. Exceptions reject the promise.
  virtual void execute() = 0;

  /// What the promise resolves to.
  virtual Napi::Value result(Napi::Env env) = 0;

  void set_cancel_token(std::shared_ptr<CancelToken> token) { cancel_ = std::move(token); }
  const CancelToken& cancel_token() const { return *cancel_; }

 private:
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::ObjectReference> kept_;
  std::shared_ptr<CancelToken> cancel_ = std::make_shared<CancelToken>();
  std::optional<Failure> failure_;
  std::optional<Napi::Error> callback_error_;
};

}  // namespace reverse_distillation::binding
