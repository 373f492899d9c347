#pragma once

#include "core/config.h"
#include "model/bottleneck.h"
#include "model/decoder.h"
#include "model/teacher.h"

namespace reverse_distillation {

/// The teacher's features and the student's reconstructions of them: three each, in the same shapes.
struct FeaturePairs {
  std::vector<at::Tensor> teacher;
  std::vector<at::Tensor> student;
};

/// Teacher, one-class bottleneck and student decoder (Deng & Li 2022, Fig. 3), registered as `teacher`, `bn`
/// and `decoder`. The student sees the teacher only through the bottleneck.
class ReverseDistillationImpl : public torch::nn::Module {
 public:
  /// Fresh weights, all drawn from `config.seed`.
  explicit ReverseDistillationImpl(const ModelConfig& config);

  /// images: normalised [N, 3, H, W], H and W multiples of 32. No gradient flows into the teacher.
  FeaturePairs forward(const at::Tensor& images);

  /// The same, starting from the teacher's features: the part that training repeats.
  FeaturePairs reconstruct(std::vector<at::Tensor> teacher_features);

  Teacher teacher{nullptr};
  Bottleneck bottleneck{nullptr};
  Decoder decoder{nullptr};
};
TORCH_MODULE(ReverseDistillation);

}  // namespace reverse_distillation
