#include "model/reverse_distillation.h"

#include <ATen/CPUGeneratorImpl.h>

#include "model/initialisation.h"

namespace reverse_distillation {

ReverseDistillationImpl::ReverseDistillationImpl(const ModelConfig& config) {
  const BackboneSpec spec = backbone_spec(config.backbone);
  teacher = register_module("teacher", Teacher(spec));
  bottleneck = register_module("bn", Bottleneck(spec, config.layout));
  decoder = register_module("decoder", Decoder(spec, config.layout));
  initialise(*this, at::make_generator<at::CPUGeneratorImpl>(config.seed));
}

FeaturePairs ReverseDistillationImpl::forward(const at::Tensor& images) {
  FeaturePairs pairs;
  {
    const torch::NoGradGuard no_grad;
    pairs.teacher = teacher->forward(images);
  }
  pairs.student = decoder->forward(bottleneck->forward(pairs.teacher));
  return pairs;
}

}  // namespace reverse_distillation
