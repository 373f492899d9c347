#pragma once

// Formulas shared by host and device kernels, so that both use the same indices and weights.

#include <cstdint>

#if defined(__CUDACC__)
#define RD_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define RD_HOST_DEVICE inline
#endif

namespace reverse_distillation {

/// Floor under each norm in the cosine, as in `torch.nn.CosineSimilarity`.
constexpr float kNormFloor = 1e-8F;

/// Largest number of maps that `upsample_sum` accepts.
constexpr int kMaxMaps = 4;

/// Index into [0, size) of position `i` of a signal extended by reflection with the edge repeated
/// (d c b a | a b c d | d c b a), as `scipy.ndimage` does in mode "reflect". Any `i`, any `size` >= 1.
RD_HOST_DEVICE int64_t reflect_index(int64_t i, int64_t size) {
  const int64_t period = 2 * size;
  i %= period;
  if (i < 0) i += period;
  return i < size ? i : period - 1 - i;
}

/// Distance between neighbouring output positions, in input positions, of a bilinear resize with aligned
/// corners. A single output position coincides with the first input position.
RD_HOST_DEVICE float aligned_scale(int64_t input, int64_t output) {
  return output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1) : 0.0F;
}

/// The two input positions around an output position and the weight of the second.
struct Interpolation {
  int64_t lower;
  int64_t upper;
  float weight;
};

/// The input position, in an input of `size` positions, of output position `i` of a bilinear resize with
/// aligned corners.
RD_HOST_DEVICE Interpolation interpolate_aligned(int64_t i, float scale, int64_t size) {
#ifdef __CUDA_ARCH__
  // Not to be fused with the subtraction below, which would make the weight another than the host's.
  const float position = __fmul_rn(scale, static_cast<float>(i));
#else
  const float position = scale * static_cast<float>(i);
#endif
  int64_t lower = static_cast<int64_t>(position);
  if (lower > size - 1) lower = size - 1;
  const int64_t upper = lower < size - 1 ? lower + 1 : lower;
  return {lower, upper, position - static_cast<float>(lower)};
}

}  // namespace reverse_distillation
