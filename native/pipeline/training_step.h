#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"

namespace reverse_distillation {

/// Train mode for the lifetime of this object: however a training ends, the model is back in eval mode.
class TrainMode {
 public:
  explicit TrainMode(ReverseDistillation& model) : model_(model) { model_->train(); }
  ~TrainMode() { model_->eval(); }
  TrainMode(const TrainMode&) = delete;
  TrainMode& operator=(const TrainMode&) = delete;

 private:
  ReverseDistillation& model_;
};

/// The parameters that training changes: first the bottleneck's, then the decoder's.
std::vector<at::Tensor> trained_parameters(ReverseDistillation& model);

/// Forward and backward of one batch, in the model's current mode.
///
/// teacher_features: the teacher's three features of the batch, in the precision of the networks (weights and
/// gradients are float32 in any precision). Adds the gradient of the loss over the scales `layers` to `grad`
/// of the trained parameters; those that the layout never runs get none. Returns the loss, a scalar on the
/// model's device.
at::Tensor backpropagate(ReverseDistillation& model, std::vector<at::Tensor> teacher_features,
                         const std::vector<int64_t>& layers, Loss loss);

}  // namespace reverse_distillation
