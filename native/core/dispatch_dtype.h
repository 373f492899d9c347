#pragma once

#include <c10/core/ScalarType.h>

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

/// Calls `work` with a null pointer whose type is the element type that loops over plain pointers use for
/// `dtype`: float32 or bfloat16.
template <typename Work>
void dispatch_dtype(c10::ScalarType dtype, const Work& work) {
  if (dtype == c10::kFloat) {
    work(static_cast<float*>(nullptr));
  } else {
    work(static_cast<BFloat16*>(nullptr));
  }
}

}  // namespace reverse_distillation::cpu
