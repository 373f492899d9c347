#pragma once

#include <cstddef>
#include <memory>

namespace cuda_emulation {

/// A thread of execution with a stack of its own that runs only when it is switched to.
class Fiber {
 public:
  /// Context that runs on the stack of the operating system's thread.
  Fiber();
  /// Context that begins at `entry`, which must never return, whenever `reset` was called before.
  explicit Fiber(void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Makes the fiber begin anew at its entry; whatever it was in the middle of is forgotten.
  void reset();

  /// Goes on with `other` until something switches back to this one.
  void switch_to(Fiber& other);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace cuda_emulation
