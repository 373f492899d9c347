#pragma once

#include "core/config.h"
#include "model/residual_stage.h"

namespace reverse_distillation {

/// The one-class bottleneck embedding (OCBE) of Deng & Li 2022, under the names of the published checkpoints.
///
/// MFF (conv1, bn1, conv2, bn2 for layer1; conv3, bn3 for layer2) brings the teacher's features to layer3's
/// size and concatenates them. conv4, bn4 (1x1) fuse them to 256 e channels. OCE (bn_layer), a fourth
/// residual stage, makes the code. In layout `official` conv4 and bn4 exist, from 1024 e to 512 e channels,
/// but never run: OCE reads the 768 e concatenated channels.
class BottleneckImpl : public torch::nn::Module {
 public:
  BottleneckImpl(const Backbone& backbone, Layout layout);

  /// features: the teacher's three. Returns the code phi, [N, 512 e, H/32, W/32].
  at::Tensor forward(const std::vector<at::Tensor>& features);

  /// Whether conv4 and bn4 run.
  bool fuses() const { return layout_ == Layout::kPaper; }
  const std::vector<torch::nn::Conv2d>& convolutions() const { return convolutions_; }
  const std::vector<torch::nn::BatchNorm2d>& norms() const { return norms_; }
  const torch::nn::Sequential& embedding() const { return embedding_; }

 private:
  Layout layout_;
  std::vector<torch::nn::Conv2d> convolutions_;  ///< conv1..conv4
  std::vector<torch::nn::BatchNorm2d> norms_;    ///< bn1..bn4
  torch::nn::Sequential embedding_{nullptr};
};
TORCH_MODULE(Bottleneck);

}  // namespace reverse_distillation
