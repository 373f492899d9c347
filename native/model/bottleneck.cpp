#include "model/bottleneck.h"

#include <ATen/ops/cat.h>

#include "model/normalised_activation.h"

namespace reverse_distillation {

namespace nn = torch::nn;

BottleneckImpl::BottleneckImpl(const Backbone& backbone, Layout layout) : layout_(layout) {
  const int64_t e = backbone.expansion();
  const bool paper = layout == Layout::kPaper;
  const int64_t concatenated = 3 * kStagePlanes[2] * e;
  const auto add = [this](int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride) {
    const std::string number = std::to_string(convolutions_.size() + 1);
    convolutions_.push_back(
        register_module("conv" + number, make_convolution(in_channels, out_channels, kernel, stride)));
    norms_.push_back(register_module("bn" + number, nn::BatchNorm2d(out_channels)));
  };
  add(kStagePlanes[0] * e, kStagePlanes[1] * e, 3, 2);
  add(kStagePlanes[1] * e, kStagePlanes[2] * e, 3, 2);
  add(kStagePlanes[1] * e, kStagePlanes[2] * e, 3, 2);
  if (paper) {
    add(concatenated, kStagePlanes[2] * e, 1, 1);
  } else {
    add(1024 * e, 512 * e, 1, 1);
  }
  const int64_t embedded = paper ? kStagePlanes[2] * e : concatenated;
  embedding_ = register_module(
      "bn_layer", make_stage(backbone, embedded, kStagePlanes[3], backbone.blocks[3], Resample::kHalve));
}

at::Tensor BottleneckImpl::forward(const std::vector<at::Tensor>& features) {
  const auto unit = [this](size_t i, const at::Tensor& x) {
    return normalised_activation(*norms_[i], convolutions_[i]->forward(x), /*relu=*/true);
  };
  at::Tensor x = at::cat({unit(1, unit(0, features[0])), unit(2, features[1]), features[2]}, 1);
  if (fuses()) x = unit(3, x);
  return embedding_->forward(x);
}

}  // namespace reverse_distillation
