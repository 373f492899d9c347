#pragma once

#include <cstddef>
#include <memory>

namespace cuda_emulation {

/// A thread of execution with its own stack, which runs only when it is switched to.
class Fiber {
 public:
  /// A context that runs on the stack of the operating system's thread.
  Fiber();
  /// A context that starts at `entry`, which must never return, after each `reset`.
  explicit Fiber(void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Makes the fiber start again at its entry; whatever it was doing is forgotten.
  void reset();

  /// Continues with `other` until something switches back to this fiber.
  void switch_to(Fiber& other);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace cuda_emulation
