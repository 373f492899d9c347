#pragma once

// Loops over the activations of networks whose convolutions compute in 8 bits. Activations follow a ReLU, so
// they are at least 0.

#include <cstdint>

namespace reverse_distillation::cpu {

/// output = round(input / scale), ties to even, at most 255. A NaN becomes 0.
void quantise(const float* input, int64_t count, float scale, uint8_t* output);

/// The number of intervals that `count_magnitudes` distinguishes: the positive values of bfloat16.
inline constexpr int64_t kMagnitudes = 1 << 15;

/// counts[i] grows by the number of values in the i-th interval, which begins at `magnitude(i)`. Values below
/// 0 count as 0.
void count_magnitudes(const float* values, int64_t count, int64_t* counts);

/// Where an interval begins. Intervals are less than 1 % wide.
float magnitude(int64_t interval);

}  // namespace reverse_distillation::cpu
