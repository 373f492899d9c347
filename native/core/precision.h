#pragma once

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include "core/config.h"

namespace reverse_distillation {

/// The type of the networks' inputs, weights and outputs: float32 for `kTf32`, which only changes how they
/// are multiplied.
c10::ScalarType scalar_type(Precision precision);

/// The memory format of the networks' inputs, weights and features: channels-last, except for exact float32
/// on a GPU. Tensor cores read channels-last; without them, cuDNN's fastest convolutions read planes.
c10::MemoryFormat network_format(c10::Device device, Precision precision);

/// Whether this processor multiplies bfloat16 matrices in hardware (AVX512-BF16, which every processor with
/// AMX also has). Others convert each number, which makes bfloat16 slower than float32.
bool cpu_has_bfloat16();

}  // namespace reverse_distillation
