#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "core/config.h"
#include "inference/folded_networks.h"
#include "pipeline/image_set.h"

namespace reverse_distillation {

/// Where features are kept, and on which device; the device of a file is the CPU.
struct FeaturePlace {
  FeatureStorage storage;
  c10::Device device;
};

/// Where features of so many bytes go, which a network on `device` computes: to that device where they fit
/// into the budget of memory and into `room_on_device`, bytes of its memory; to the host's memory where they
/// fit into the budget alone; else to a file where they fit into the budget of disk; else nowhere.
FeaturePlace place_features(int64_t bytes, const FeatureBudget& budget, c10::Device device,
                            int64_t room_on_device);

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
