#pragma once

#include <c10/core/Device.h>

#include "core/config.h"

namespace reverse_distillation {

/// How convolutions on GPUs multiply float32, for as long as it lives: exactly, or, in `Precision::kTf32`,
/// inputs rounded to TF32's 10 bits of mantissa. LibTorch has one switch for the process, which operators
/// read when they are started or recorded; so work that wants the other mode waits here, on the calling
/// thread, while work of the same mode goes on beside. Does nothing on the CPU, and in precisions without
/// float32 convolutions. A thread has one at a time.
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
