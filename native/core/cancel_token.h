#pragma once

#include <atomic>

#include "core/error.h"

namespace reverse_distillation {

/// Any thread may set it; running work checks it between steps. It cannot be reset.
class CancelToken {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  /// Throws `Error(kAborted)` once the token is cancelled.
  void throw_if_cancelled() const {
    if (cancelled()) throw Error(ErrorCode::kAborted, "The work was aborted.");
  }

 private:
  std::atomic<bool> cancelled_{false};
};

/// During its lifetime, `throw_if_cancelled()` checks `token` on the calling thread.
class CancelScope {
 public:
  explicit CancelScope(const CancelToken& token);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

 private:
  const CancelToken* former_;
};

/// A point where the calling thread's work may end early: throws `Error(kAborted)` once the token of the
/// innermost `CancelScope` is cancelled, and does nothing outside of one. Every convolution is such a point,
/// so that a cancelled job ends soon, however large its batch.
void throw_if_cancelled();

}  // namespace reverse_distillation
