#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"

namespace reverse_distillation {

/// Train mode for as long as it lives: whatever ends a training, the model is left in eval mode.
class TrainMode {
 public:
  explicit TrainMode(ReverseDistillation& model) : model_(model) { model_->train(); }
  ~TrainMode() { model_->eval(); }
  TrainMode(const TrainMode&) = delete;
  TrainMode& operator=(const TrainMode&) = delete;

 private:
  ReverseDistillation& model_;
};

/// The parameters that training changes: those of the bottleneck, then those of the decoder.
std::vector<at::Tensor> trained_parameters(ReverseDistillation& model);

/// One batch forward and backward, in the mode that the model is in.
///
/// teacher_features: the teacher's three features of the batch, of the precision that the networks compute in
/// (weights and gradients are float32 in any). Returns the loss over the scales `layers`, a
/// scalar on the model's device, after adding its gradient to `grad` of the trained parameters; those that
/// the layout never runs get none.
at::Tensor backpropagate(ReverseDistillation& model, std::vector<at::Tensor> teacher_features,
                         const std::vector<int64_t>& layers, Loss loss);

}  // namespace reverse_distillation
