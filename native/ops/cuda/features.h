#pragma once

// How the launch functions are told of features: plain pointers, sizes, and what lies there.

#include <cstdint>
#include <span>

namespace reverse_distillation::cuda {

/// Type of the features of a launch, one for all pairs. Sums accumulate in float32 whatever it is.
enum class ElementType { kFloat32, kFloat16, kBFloat16 };

/// Order of a feature map's dimensions in memory: [N, C, H, W] or [N, H, W, C].
enum class Layout { kChannelsFirst, kChannelsLast };

/// The features of teacher and student at one scale, both in the same layout, without gaps. Pointers aligned
/// to 16 bytes whose contiguous dimension is a multiple of 16 bytes are read 16 bytes at a time, others an
/// element at a time.
struct FeaturePair {
  const void* teacher;
  const void* student;
  int64_t channels;   ///< C >= 1
  int64_t positions;  ///< H W
  Layout layout;
};

/// One to `kMaxMaps` pairs, a pair a scale.
using FeaturePairs = std::span<const FeaturePair>;

}  // namespace reverse_distillation::cuda
