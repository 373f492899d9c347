#pragma once

#include <c10/core/ScalarType.h>

#include "core/config.h"

namespace reverse_distillation {

/// The type of the networks' inputs, weights and outputs: float32 for `kTf32`, which only changes how they
/// are multiplied.
c10::ScalarType scalar_type(Precision precision);

/// Whether this processor multiplies bfloat16 matrices in hardware (AVX512-BF16, which every processor with
/// AMX also has). Others convert each number, which makes bfloat16 slower than float32.
bool cpu_has_bfloat16();

}  // namespace reverse_distillation
