#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "binding/guard.h"
#include "core/cancel_token.h"

namespace reverse_distillation::binding {

/// One piece of work off the event loop, and the promise that it settles.
///
/// A job is created on the event loop, `execute` runs on a job thread, and `result` and the destructor run on
/// the event loop again. If the environment closes first, the job is destroyed without settling its promise.
class Job {
 public:
  explicit Job(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  Napi::Promise promise() const { return deferred_.Promise(); }

  /// Keeps a JavaScript value alive until the job is destroyed.
  void keep(const Napi::Object& value) { kept_.push_back(Napi::Persistent(value)); }

  /// Asks running work to stop soon. Any thread.
  void cancel() { cancel_->cancel(); }

  /// On a job thread: runs `execute` and keeps the exception that it throws, if any.
  void run() noexcept;

  /// On the event loop: resolves or rejects the promise.
  void settle(Napi::Env env);

  /// On the event loop: makes the job reject with the error that one of the caller's callbacks threw.
  void fail_with(Napi::Error error);

 protected:
  /// The work. Must not use N-API. Exceptions reject the promise. `throw_if_cancelled()` checks its token.
  virtual void execute() = 0;

  /// The value that the promise resolves to.
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
