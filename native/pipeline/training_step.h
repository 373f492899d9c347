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
/// images: uint8 [N, H, W, 3]. Returns the loss, a scalar, after adding its gradient to `grad` of the trained
/// parameters; those that the layout never runs get none.
at::Tensor backpropagate(ReverseDistillation& model, const at::Tensor& images, const ModelConfig& config,
                         Loss loss);

}  // namespace reverse_distillation
