#pragma once

#include <c10/core/Device.h>

#include "core/config.h"

namespace reverse_distillation {

/// How GPU convolutions multiply float32 for the lifetime of this object: exactly or, in `Precision::kTf32`,
/// with inputs rounded to TF32's 10 bits of mantissa. LibTorch has one switch per process, which operators
/// read when they are started or recorded. So work that needs the other mode waits here, on the calling
/// thread, while work of the same mode runs side by side. Does nothing on the CPU, nor in precisions without
/// float32 convolutions. A thread may hold only one.
class Float32Mode {
 public:
  Float32Mode(c10::Device device, Precision precision);
  ~Float32Mode();
  Float32Mode(const Float32Mode&) = delete;
  Float32Mode& operator=(const Float32Mode&) = delete;

 private:
  bool holds_;
};

}  // namespace reverse_distillation
