#include "model/decoder.h"

#include <algorithm>

namespace reverse_distillation {

DecoderImpl::DecoderImpl(const Backbone& backbone, Layout layout) {
  int64_t channels = kStagePlanes[3] * backbone.expansion();
  for (size_t i = 0; i < 3; ++i) {
    const size_t rebuilt = 2 - i;
    const int64_t blocks = backbone.blocks[layout == Layout::kPaper ? rebuilt : i];
    stages_.push_back(
        register_module("layer" + std::to_string(i + 1),
                        make_stage(backbone, channels, kStagePlanes[rebuilt], blocks, Resample::kDouble)));
    channels = kStagePlanes[rebuilt] * backbone.expansion();
  }
}

std::vector<at::Tensor> DecoderImpl::forward(const at::Tensor& code) {
  std::vector<at::Tensor> features;
  at::Tensor x = code;
  for (torch::nn::Sequential& stage : stages_) {
    x = stage->forward(x);
    features.push_back(x);
  }
  std::reverse(features.begin(), features.end());
  return features;
}

}  // namespace reverse_distillation
