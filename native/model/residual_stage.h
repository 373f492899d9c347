#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include "core/backbone.h"

namespace reverse_distillation {

/// What the first block of a stage does to height and width.
enum class Resample { kNone, kHalve, kDouble };

/// A residual block: torchvision's BasicBlock or Bottleneck, or the decoder's mirror image of it, in which a
/// 2x2 transposed convolution of stride 2 replaces the strided convolution, in the main branch and in the
/// shortcut. The stride of a bottleneck block is in its 3x3 convolution, as in torchvision.
///
/// Registers conv1, bn1, conv2, bn2[, conv3, bn3] and, if the shape changes, the shortcut:
/// `downsample.{0,1}`, or `upsample.{0,1}` in a doubling block.
class ResidualBlockImpl : public torch::nn::Module {
 public:
  /// [N, in_channels, H, W] -> [N, planes * expansion, H', W']; H' is H / 2, H or 2 H, depending on
  /// `resample`.
  ResidualBlockImpl(const Backbone& backbone, int64_t in_channels, int64_t planes, Resample resample);

  at::Tensor forward(const at::Tensor& input);

  /// A convolution, transposed or not, with its batch norm.
  struct Unit {
    torch::nn::AnyModule convolution;
    torch::nn::BatchNorm2d norm;
  };

  /// The main branch, with a ReLU between units and another after the sum.
  const std::vector<Unit>& units() const { return units_; }
  /// Convolution and batch norm; empty if the input itself is added.
  const torch::nn::Sequential& shortcut() const { return shortcut_; }

 private:
  void add_unit(torch::nn::AnyModule convolution, int64_t channels);

  std::vector<Unit> units_;
  torch::nn::Sequential shortcut_{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// `blocks` residual blocks; the first one takes `in_channels` and resamples. Members are named 0, 1, 2, ...
torch::nn::Sequential make_stage(const Backbone& backbone, int64_t in_channels, int64_t planes,
                                 int64_t blocks, Resample resample);

/// A convolution without bias, padded so that stride 1 keeps the size. `kernel` must be odd.
torch::nn::Conv2d make_convolution(int64_t in_channels, int64_t out_channels, int64_t kernel,
                                   int64_t stride = 1);

}  // namespace reverse_distillation
