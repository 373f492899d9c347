#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/vectorise.h"

namespace reverse_distillation {

/// Pixels in a word.
constexpr size_t kWord = 64;

/// How many values `append_ones` may write beyond those that it appends.
constexpr size_t kAppendSlack = 8;

/// Calls `value(i)` for each bit i that is 1, from the lowest on, and appends the results to `to`. Returns
/// their end.
///
/// Bits come in eights, because the end of a loop that ends anywhere cannot be predicted.
template <typename Value>
RD_INLINE int32_t* append_ones(uint64_t bits, int32_t* to, const Value& value) {
  const int count = std::popcount(bits);
  for (int done = 0; done < count; done += static_cast<int>(kAppendSlack)) {
    for (size_t i = 0; i < kAppendSlack; ++i) {
      to[static_cast<size_t>(done) + i] = value(std::countr_zero(bits) & 63);
      bits &= bits - 1;
    }
  }
  return to + count;
}

}  // namespace reverse_distillation
