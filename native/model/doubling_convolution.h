#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace reverse_distillation {

/// The 2x2 transposed convolution of stride 2, without bias, by which the decoder doubles height and width.
///
/// Registers `weight`, [in_channels, out_channels, 2, 2], like torch.nn.ConvTranspose2d; its values are
/// undefined until initialised or loaded.
class DoublingConvolutionImpl : public torch::nn::Module {
 public:
  DoublingConvolutionImpl(int64_t in_channels, int64_t out_channels);

  /// [N, in_channels, H, W] -> [N, out_channels, 2 H, 2 W].
  at::Tensor forward(const at::Tensor& input);

  at::Tensor weight;
};
TORCH_MODULE(DoublingConvolution);

}  // namespace reverse_distillation
