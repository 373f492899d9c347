#include "pipeline/training_step.h"

#include <torch/autograd.h>

#include "pipeline/autocast.h"
#include "pipeline/loss.h"

namespace reverse_distillation {

std::vector<NamedTensor> trained_parameters(const ReverseDistillation& model) {
  std::vector<NamedTensor> parameters;
  for (const auto& item : model->bottleneck->named_parameters()) {
    parameters.push_back({"bn." + item.key(), item.value()});
  }
  for (const auto& item : model->decoder->named_parameters()) {
    parameters.push_back({"decoder." + item.key(), item.value()});
  }
  return parameters;
}

at::Tensor backpropagate(ReverseDistillation& model, std::vector<at::Tensor> teacher_features,
                         const std::vector<int64_t>& layers, Loss loss, const at::Tensor& masks) {
  const c10::DeviceType device = teacher_features.front().device().type();
  const c10::ScalarType dtype = teacher_features.front().scalar_type();
  FeaturePairs features;
  {
    const Autocast autocast(device, dtype);
    features = model->reconstruct(std::move(teacher_features));
  }
  const LossAndGradients result = distillation_loss(features, layers, loss, masks);
  // Backpropagation starts at the student's features, for which the loss has already computed the gradients.
  torch::autograd::backward(select_layers(features, layers).student, result.gradients);
  return result.loss;
}

}  // namespace reverse_distillation
