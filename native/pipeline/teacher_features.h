#pragma once

#include <string>
#include <vector>

#include "core/config.h"
#include "inference/folded_networks.h"
#include "pipeline/image_set.h"

namespace reverse_distillation {

/// The teacher's features of the images of a training, which never change since no image is augmented:
/// computed once and kept, in memory or in a temporary file, where the budget allows; else computed anew each
/// time. Features of one image computed in two batches differ by rounding, so that a training that keeps them
/// and one that does not end apart by as much as rounding grows to.
class TeacherFeatures {
 public:
  /// Keeps a copy of the teacher, folded, in the precision of `config`; and a reference to `images`, which
  /// must outlive it.
  TeacherFeatures(const TeacherImpl& teacher, const ImageSet& images, const ModelConfig& config,
                  FeatureBudget budget);

  /// The features of the images at `indices` (int64 [B]): three of [B, C, H, W], channels-last, on the
  /// teacher's device, in the precision of the configuration, without gradient.
  ///
  /// Throws `Error(kIo)` where the temporary file finds no room.
  std::vector<at::Tensor> batch(const at::Tensor& indices);

  /// Where they are kept; known after the first batch.
  FeatureStorage storage() const { return storage_; }

 private:
  std::vector<at::Tensor> compute(const at::Tensor& indices);
  void allocate(const std::vector<at::Tensor>& features);
  bool all_kept(const at::Tensor& indices) const;

  FoldedTeacher teacher_;
  const ImageSet& images_;
  c10::TensorOptions options_;  ///< Of what the teacher takes and gives.
  Normalisation normalisation_;
  FeatureBudget budget_;
  FeatureStorage storage_ = FeatureStorage::kUndecided;
  std::vector<at::Tensor> kept_;  ///< One a scale, [images, H, W, C]; empty where they are not kept.
  std::vector<bool> known_;       ///< Of which images they are there.
};

}  // namespace reverse_distillation
