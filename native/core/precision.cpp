#include "core/precision.h"

#include "core/error.h"

namespace reverse_distillation {

c10::ScalarType scalar_type(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
    case Precision::kTf32:
    case Precision::kInt8:
      return c10::kFloat;
    case Precision::kBFloat16:
      return c10::kBFloat16;
    case Precision::kFloat16:
      return c10::kHalf;
  }
  throw Error(ErrorCode::kInternal, "unknown precision");
}

c10::MemoryFormat network_format(c10::Device device, Precision precision) {
  return device.is_cuda() && precision == Precision::kFloat32 ? c10::MemoryFormat::Contiguous
                                                              : c10::MemoryFormat::ChannelsLast;
}

bool cpu_has_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace reverse_distillation
