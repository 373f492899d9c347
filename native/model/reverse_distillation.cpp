#include "model/reverse_distillation.h"

#include <ATen/CPUGeneratorImpl.h>

#include "model/initialisation.h"

namespace reverse_distillation {

ReverseDistillationImpl::ReverseDistillationImpl(const ModelConfig& config) {
  teacher = register_module("teacher", Teacher(config.backbone));
  bottleneck = register_module("bn", Bottleneck(config.backbone, config.layout));
  decoder = register_module("decoder", Decoder(config.backbone, config.layout));
  initialise(*this, at::make_generator<at::CPUGeneratorImpl>(config.seed));
}

FeaturePairs ReverseDistillationImpl::forward(const at::Tensor& images) {
  std::vector<at::Tensor> features;
  {
    const torch::NoGradGuard no_grad;
    features = teacher->forward(images);
  }
  return reconstruct(std::move(features));
}

FeaturePairs ReverseDistillationImpl::reconstruct(std::vector<at::Tensor> teacher_features) {
  std::vector<at::Tensor> student = decoder->forward(bottleneck->forward(teacher_features));
  return {std::move(teacher_features), std::move(student)};
}

}  // namespace reverse_distillation
