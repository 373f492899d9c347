#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace reverse_distillation {

/// The teacher's architecture, a ResNet (He et al. 2016; Zagoruyko & Komodakis 2016), which the bottleneck
/// and the student mirror.
struct Backbone {
  std::string_view name;  ///< As in torchvision.
  bool bottleneck;        ///< Blocks of 1x1, 3x3 and 1x1 convolutions instead of two 3x3 convolutions.
  std::array<int64_t, 4> blocks;  ///< Number of blocks per stage.
  int64_t width_factor;           ///< Multiplies the channels inside bottleneck blocks.

  /// Output channels of a stage, divided by its planes.
  int64_t expansion() const { return bottleneck ? 4 : 1; }
};

/// The supported backbones. This is the only list of them in native code.
constexpr auto kBackbones = std::to_array<Backbone>({
    {"resnet18", false, {2, 2, 2, 2}, 1},
    {"resnet34", false, {3, 4, 6, 3}, 1},
    {"resnet50", true, {3, 4, 6, 3}, 1},
    {"wide_resnet50_2", true, {3, 4, 6, 3}, 2},
});

/// Planes of the four residual stages: their channels before the blocks' expansion.
constexpr std::array<int64_t, 4> kStagePlanes = {64, 128, 256, 512};

/// The backbone of this name. Throws `Error(kInvalidArgument)` if there is none.
const Backbone& find_backbone(std::string_view name);

}  // namespace reverse_distillation
