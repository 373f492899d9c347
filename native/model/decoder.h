#pragma once

#include "core/config.h"
#include "model/residual_stage.h"

namespace reverse_distillation {

/// The student decoder D of Deng & Li 2022: the teacher mirrored, from the code back to the teacher's three
/// features, under the names of the published checkpoints. `layer1` rebuilds the teacher's layer3, `layer2`
/// its layer2, `layer3` its layer1. Layout `paper` also mirrors the block counts (6, 4, 3 for the 50-layer
/// networks); `official` keeps the teacher's order (3, 4, 6).
class DecoderImpl : public torch::nn::Module {
 public:
  DecoderImpl(const Backbone& backbone, Layout layout);

  /// code: [N, 512 e, H/32, W/32]. Returns three features in the shapes and order of the teacher's.
  std::vector<at::Tensor> forward(const at::Tensor& code);

  /// layer1..layer3; each reads the output of the one before.
  const std::vector<torch::nn::Sequential>& stages() const { return stages_; }

 private:
  std::vector<torch::nn::Sequential> stages_;
};
TORCH_MODULE(Decoder);

}  // namespace reverse_distillation
