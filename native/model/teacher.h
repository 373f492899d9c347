#pragma once

#include "model/residual_stage.h"

namespace reverse_distillation {

/// The teacher E of Deng & Li 2022: a ResNet from the stem to layer3, under torchvision's names (conv1, bn1,
/// layer1..layer3). It is frozen: its parameters need no gradient, and `train()` leaves it in eval mode, so
/// its running statistics never change.
class TeacherImpl : public torch::nn::Module {
 public:
  explicit TeacherImpl(const Backbone& backbone);

  /// images: normalised [N, 3, H, W], H and W multiples of 32. Returns the outputs of layer1..layer3:
  /// [N, 64 e, H/4, W/4], [N, 128 e, H/8, W/8], [N, 256 e, H/16, W/16], where e is the block's expansion.
  std::vector<at::Tensor> forward(const at::Tensor& images);

  void train(bool on = true) override;

  /// The stem (conv1 and bn1), and layer1..layer3; each reads the output of the one before.
  const torch::nn::Conv2d& convolution() const { return conv1_; }
  const torch::nn::BatchNorm2d& norm() const { return bn1_; }
  const std::vector<torch::nn::Sequential>& stages() const { return stages_; }

 private:
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr};
  std::vector<torch::nn::Sequential> stages_;
};
TORCH_MODULE(Teacher);

}  // namespace reverse_distillation
