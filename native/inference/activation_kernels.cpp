#include "inference/activation_kernels.h"

#include <algorithm>
#include <bit>

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

RD_VECTORISED
void quantise(const float* input, int64_t count, float scale, uint8_t* output) {
  const float inverse = 1.0F / scale;
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    // In this order, NaN becomes 0.
    const float limited = std::min(std::max(0.0F, input[i] * inverse), 255.0F);
    // Adding 2^23 leaves no room for a fraction, and rounds as the processor does.
    constexpr float kRounder = 8388608.0F;
    output[i] = static_cast<uint8_t>(std::bit_cast<int32_t>(limited + kRounder));
  }
}

void count_magnitudes(const float* values, int64_t count, int64_t* counts) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = std::max(0.0F, values[i]);
    ++counts[std::bit_cast<uint32_t>(value) >> 16];
  }
}

float magnitude(int64_t interval) { return std::bit_cast<float>(static_cast<uint32_t>(interval) << 16); }

}  // namespace reverse_distillation::cpu
