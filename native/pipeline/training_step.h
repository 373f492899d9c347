#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"
#include "pipeline/tensor_state.h"

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

/// The parameters that training changes: first the bottleneck's ("bn.conv1.weight"), then the decoder's
/// ("decoder.layer1.0.conv1.weight"). They share the model's memory.
std::vector<NamedTensor> trained_parameters(const ReverseDistillation& model);

/// Forward and backward of one batch, in the model's current mode.
///
/// teacher_features: the teacher's three features of the batch, in the precision of the networks (weights and
/// gradients are float32 in any precision). masks: see `distillation_loss`. Adds the gradient of the loss
/// over the scales `layers` to `grad` of the trained parameters; those that the layout never runs get none.
/// Returns the loss, a scalar on the model's device.
at::Tensor backpropagate(ReverseDistillation& model, std::vector<at::Tensor> teacher_features,
                         const std::vector<int64_t>& layers, Loss loss, const at::Tensor& masks = {});

}  // namespace reverse_distillation
