#pragma once

#include <vector>

#include "inference/folded_stage.h"
#include "model/reverse_distillation.h"

namespace reverse_distillation {

/// The teacher for inference: computes what `TeacherImpl` does, from copies of its weights with the batch
/// norms folded in.
class FoldedTeacher {
 public:
  FoldedTeacher(const TeacherImpl& teacher, at::ScalarType dtype);

  /// images: normalised [N, 3, H, W], channels-last, of the constructor's dtype. See `TeacherImpl::forward`.
  std::vector<at::Tensor> run(const at::Tensor& images);

  /// Adds the convolutions that can compute in 8 bits: their inputs are at least 0, and their rounding hardly
  /// shows in maps. That leaves out the first convolution and the stage of the finest scale. See
  /// `FoldedStage::list`.
  void list(std::vector<FoldedConvolution*>& convolutions);

 private:
  FoldedConvolution stem_;
  std::vector<FoldedStage> stages_;
};

/// Bottleneck and student decoder for inference, in eval mode, likewise from folded copies.
class FoldedStudent {
 public:
  FoldedStudent(const BottleneckImpl& bottleneck, const DecoderImpl& decoder, at::ScalarType dtype);

  /// features: the teacher's three. Returns the student's three, in the same shapes and order.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& features);

  /// Adds the convolutions that can compute in 8 bits: all but those of the finest scale.
  void list(std::vector<FoldedConvolution*>& convolutions);

 private:
  std::vector<FoldedConvolution> fusion_;  ///< MFF's, without the last if the layout never runs it.
  FoldedStage embedding_;
  std::vector<FoldedStage> decoder_;
};

}  // namespace reverse_distillation
