#include "model/initialisation.h"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cmath>

#include "core/cancel_token.h"
#include "model/doubling_convolution.h"

namespace reverse_distillation {

namespace nn = torch::nn;

void initialise(nn::Module& module, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (const auto& layer : module.modules(/*include_self=*/false)) {
    throw_if_cancelled();
    if (auto* convolution = layer->as<nn::Conv2dImpl>()) {
      at::Tensor& weight = convolution->weight;
      const auto fan_out = static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3));
      weight.normal_(0.0, std::sqrt(2.0 / fan_out), generator);
    } else if (auto* doubling = layer->as<DoublingConvolutionImpl>()) {
      at::Tensor& weight = doubling->weight;
      const auto fan_in = static_cast<double>(weight.size(1) * weight.size(2) * weight.size(3));
      const double bound = 1.0 / std::sqrt(fan_in);
      weight.uniform_(-bound, bound, generator);
    } else if (auto* norm = layer->as<nn::BatchNorm2dImpl>()) {
      norm->weight.fill_(1.0);
      norm->bias.zero_();
    }
  }
}

}  // namespace reverse_distillation
