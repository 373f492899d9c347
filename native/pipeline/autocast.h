#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace reverse_distillation {

/// PyTorch's automatic mixed precision for the lifetime of this object, on the calling thread: convolutions
/// compute in `dtype` from weights that stay float32. Does nothing if `dtype` is float32.
class Autocast {
 public:
  Autocast(c10::DeviceType device, c10::ScalarType dtype);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool enabled_;
  bool was_enabled_;
  c10::ScalarType former_dtype_;
};

}  // namespace reverse_distillation
