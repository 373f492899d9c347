#pragma once

#include <c10/core/ScalarType.h>

#include "core/config.h"

namespace reverse_distillation {

/// Of the numbers that the networks take and give: float32 for `kTf32`, which is a way to multiply.
c10::ScalarType scalar_type(Precision precision);

/// Whether this processor multiplies bfloat16 matrices in hardware (AVX512-BF16, which all with AMX have
/// too). Others convert each number, and are slower at it than at float32.
bool cpu_has_bfloat16();

}  // namespace reverse_distillation
