#include "inference/folded_networks.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>

#include <algorithm>

namespace reverse_distillation {

namespace {

std::vector<FoldedStage> fold(const std::vector<torch::nn::Sequential>& stages, at::ScalarType dtype) {
  std::vector<FoldedStage> folded;
  for (const torch::nn::Sequential& stage : stages) folded.emplace_back(stage, dtype);
  return folded;
}

/// The outputs of all stages; each stage reads the output of the one before.
std::vector<at::Tensor> run_stages(std::vector<FoldedStage>& stages, at::Tensor x) {
  std::vector<at::Tensor> outputs;
  for (FoldedStage& stage : stages) {
    x = stage.run(x);
    outputs.push_back(x);
  }
  return outputs;
}

}  // namespace

FoldedTeacher::FoldedTeacher(const TeacherImpl& teacher, at::ScalarType dtype)
    : stem_(*teacher.convolution(), *teacher.norm(), dtype), stages_(fold(teacher.stages(), dtype)) {}

std::vector<at::Tensor> FoldedTeacher::run(const at::Tensor& images) {
  return run_stages(stages_, at::max_pool2d(stem_.run(images, Activation::kRelu), 3, 2, 1));
}

void FoldedTeacher::list(std::vector<FoldedConvolution*>& convolutions) {
  for (size_t k = 1; k < stages_.size(); ++k) stages_[k].list(convolutions);
}

FoldedStudent::FoldedStudent(const BottleneckImpl& bottleneck, const DecoderImpl& decoder,
                             at::ScalarType dtype)
    : embedding_(bottleneck.embedding(), dtype), decoder_(fold(decoder.stages(), dtype)) {
  const size_t run = bottleneck.fuses() ? 4 : 3;
  for (size_t i = 0; i < run; ++i) {
    fusion_.emplace_back(*bottleneck.convolutions()[i], *bottleneck.norms()[i], dtype);
  }
}

std::vector<at::Tensor> FoldedStudent::run(const std::vector<at::Tensor>& features) {
  const auto unit = [this](size_t i, const at::Tensor& x) { return fusion_[i].run(x, Activation::kRelu); };
  const at::Tensor finest = fusion_[0].run(features[0], Activation::kRelu, &fusion_[1]);
  at::Tensor x = at::cat({unit(1, finest), unit(2, features[1]), features[2]}, 1);
  if (fusion_.size() == 4) x = unit(3, x);
  std::vector<at::Tensor> student = run_stages(decoder_, embedding_.run(x));
  std::reverse(student.begin(), student.end());
  return student;
}

void FoldedStudent::list(std::vector<FoldedConvolution*>& convolutions) {
  for (FoldedConvolution& unit : fusion_) convolutions.push_back(&unit);
  embedding_.list(convolutions);
  for (size_t k = 0; k + 1 < decoder_.size(); ++k) decoder_[k].list(convolutions);
}

}  // namespace reverse_distillation
