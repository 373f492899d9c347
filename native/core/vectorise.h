#pragma once

// Chooses the instruction set of loops over plain pointers at run time. A function marked RD_VECTORISED is
// compiled once per instruction set, and the dynamic linker picks the best one that the processor has.
// Functions that it calls must be RD_INLINE; otherwise they are compiled only for the oldest processor.
// ThreadSanitizer is not ready yet when the linker picks.

#include <bit>
#include <cstdint>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define RD_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RD_VECTORISED
#endif
#define RD_INLINE inline __attribute__((always_inline))

namespace reverse_distillation::cpu {

/// The bits of a bfloat16: the upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

RD_INLINE float load(float value) { return value; }
RD_INLINE float load(BFloat16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16); }

RD_INLINE void store(float* to, float value) { *to = value; }

/// Rounds to nearest, ties to even; a NaN stays NaN.
RD_INLINE void store(BFloat16* to, float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  to->bits = static_cast<uint16_t>(value != value ? 0x7FC0U : rounded);
}

}  // namespace reverse_distillation::cpu
