#include "pipeline/training_step.h"

#include "pipeline/autocast.h"
#include "pipeline/loss.h"

namespace reverse_distillation {

std::vector<at::Tensor> trained_parameters(ReverseDistillation& model) {
  std::vector<at::Tensor> parameters = model->bottleneck->parameters();
  for (const at::Tensor& parameter : model->decoder->parameters()) parameters.push_back(parameter);
  return parameters;
}

at::Tensor backpropagate(ReverseDistillation& model, std::vector<at::Tensor> teacher_features,
                         const std::vector<int64_t>& layers, Loss loss) {
  const at::Tensor& first = teacher_features.front();
  at::Tensor value;
  {
    const Autocast autocast(first.device().type(), first.scalar_type());
    value = distillation_loss(model->reconstruct(std::move(teacher_features)), layers, loss);
  }
  value.backward();
  return value.detach();
}

}  // namespace reverse_distillation
