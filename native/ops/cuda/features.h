#pragma once

// How features are passed to the launch functions: plain pointers, sizes, type and layout.

#include <cstdint>
#include <span>

namespace reverse_distillation::cuda {

/// Type of all features of a launch. Sums accumulate in float32 for every type.
enum class ElementType { kFloat32, kFloat16, kBFloat16 };

/// Order of a feature map's dimensions in memory: [N, C, H, W] or [N, H, W, C].
enum class Layout { kChannelsFirst, kChannelsLast };

/// The features of teacher and student at one scale, both in the same layout, without gaps. They are read 16
/// bytes at a time if the pointers are aligned to 16 bytes and the contiguous dimension is a multiple of 16
/// bytes; otherwise one element at a time.
struct FeaturePair {
  const void* teacher;
  const void* student;
  int64_t channels;   ///< C >= 1
  int64_t positions;  ///< H W
  Layout layout;
};

/// One to `kMaxMaps` pairs, one per scale.
using FeaturePairs = std::span<const FeaturePair>;

}  // namespace reverse_distillation::cuda
