#pragma once

#include <optional>
#include <vector>

#include "inference/folded_convolution.h"
#include "model/residual_stage.h"

namespace reverse_distillation {

/// A residual stage of `model/residual_stage.h` for inference: every unit is a `FoldedConvolution`.
class FoldedStage {
 public:
  FoldedStage(const torch::nn::Sequential& stage, at::ScalarType dtype);

  /// input: [N, C, H, W], channels-last. Overwritten unless the first block has its own shortcut.
  at::Tensor run(const at::Tensor& input);

  /// Adds its convolutions, in an order that depends on the model alone.
  void list(std::vector<FoldedConvolution*>& convolutions);

 private:
  struct Block {
    std::vector<FoldedConvolution> units;
    std::optional<FoldedConvolution> shortcut;
  };

  std::vector<Block> blocks_;
};

}  // namespace reverse_distillation
