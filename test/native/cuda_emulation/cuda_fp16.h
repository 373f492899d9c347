#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// One sign, five exponent and ten fraction bits.
struct __half {
  uint16_t bits;
};

inline float __half2float(__half value) {
  const int exponent = value.bits >> 10 & 31;
  const int fraction = value.bits & 1023;
  float magnitude = 0.0F;
  if (exponent == 31) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  }
  return (value.bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// Rounds to nearest, ties to even; values that are too large become infinite; a NaN stays NaN.
inline __half __float2half_rn(float value) {
  const auto sign = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16 & 0x8000U);
  if (value != value) return {0x7FFF};
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0F) return {static_cast<uint16_t>(sign | 0x7C00U)};
  // In units of the last place; below the smallest normal number, of that number's last place.
  const int exponent = magnitude < 0x1p-14F ? -14 : std::ilogb(magnitude);
  const auto units = static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  // The leading one of a normal number adds to the exponent, which is stored 15 above its value.
  return {static_cast<uint16_t>(sign | (static_cast<unsigned>(exponent + 14) * 1024U + units))};
}
