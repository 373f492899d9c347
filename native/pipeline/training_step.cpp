#include "pipeline/training_step.h"

#include "pipeline/loss.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

std::vector<at::Tensor> trained_parameters(ReverseDistillation& model) {
  std::vector<at::Tensor> parameters = model->bottleneck->parameters();
  for (const at::Tensor& parameter : model->decoder->parameters()) parameters.push_back(parameter);
  return parameters;
}

at::Tensor backpropagate(ReverseDistillation& model, const at::Tensor& images, const ModelConfig& config,
                         Loss loss) {
  const c10::Device device = model->bottleneck->parameters().front().device();
  const FeaturePairs features = model->forward(normalise(images.to(device), config.normalisation));
  const at::Tensor value = distillation_loss(features, config.layers, loss);
  value.backward();
  return value.detach();
}

}  // namespace reverse_distillation
