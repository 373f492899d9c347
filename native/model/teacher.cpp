#include "model/teacher.h"

#include <ATen/ops/max_pool2d.h>

namespace reverse_distillation {

namespace nn = torch::nn;

TeacherImpl::TeacherImpl(const Backbone& backbone) {
  conv1_ = register_module("conv1", make_convolution(3, kStagePlanes[0], 7, 2));
  bn1_ = register_module("bn1", nn::BatchNorm2d(kStagePlanes[0]));
  int64_t channels = kStagePlanes[0];
  for (size_t k = 0; k < 3; ++k) {
    const Resample resample = k == 0 ? Resample::kNone : Resample::kHalve;
    stages_.push_back(
        register_module("layer" + std::to_string(k + 1),
                        make_stage(backbone, channels, kStagePlanes[k], backbone.blocks[k], resample)));
    channels = kStagePlanes[k] * backbone.expansion();
  }
  for (at::Tensor& parameter : parameters()) parameter.set_requires_grad(false);
  TeacherImpl::train(false);
}

std::vector<at::Tensor> TeacherImpl::forward(const at::Tensor& images) {
  at::Tensor x = bn1_->forward(conv1_->forward(images)).relu_();
  x = at::max_pool2d(x, 3, 2, 1);
  std::vector<at::Tensor> features;
  for (nn::Sequential& stage : stages_) {
    x = stage->forward(x);
    features.push_back(x);
  }
  return features;
}

void TeacherImpl::train(bool) { Module::train(false); }

}  // namespace reverse_distillation
