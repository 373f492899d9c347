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

}  // namespace reverse_distillation
