#pragma once

#include <array>
#include <cstdint>

#include "core/config.h"

namespace reverse_distillation {

/// Channels of the four residual stages before the block's expansion.
constexpr std::array<int64_t, 4> kStagePlanes = {64, 128, 256, 512};

/// What sets the ResNets apart (He et al. 2016; Zagoruyko & Komodakis 2016).
struct BackboneSpec {
  bool bottleneck;                ///< Blocks of 1x1, 3x3, 1x1 rather than of two 3x3 convolutions.
  std::array<int64_t, 4> blocks;  ///< Number of blocks a stage.
  int64_t width_factor;           ///< Of the channels inside bottleneck blocks: 2 in wide_resnet50_2.

  /// Output channels of a stage over its planes.
  int64_t expansion() const { return bottleneck ? 4 : 1; }
};

BackboneSpec backbone_spec(Backbone backbone);

}  // namespace reverse_distillation
