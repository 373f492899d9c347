#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "core/config.h"
#include "inference/folded_networks.h"
#include "pipeline/image_set.h"

namespace reverse_distillation {

/// Where features are kept, and on which device; for a file, the device is the CPU.
struct FeaturePlace {
  FeatureStorage storage;
  c10::Device device;
};

/// Where to keep `bytes` of features that a network on `device` computes. On a GPU if they fit into
/// `room_on_device`, bytes of its memory, unless the memory budget is 0; in the host's memory if they fit
/// into that budget; in a file if they fit into the disk budget; otherwise nowhere.
FeaturePlace place_features(int64_t bytes, const FeatureBudget& budget, c10::Device device,
                            int64_t room_on_device);

/// The teacher's features of the training images. They never change, since images are not augmented, so they
/// are computed once and kept, in memory or in a temporary file, if the budget allows; otherwise they are
/// computed each time. An image's features differ by rounding between batches, so trainings with and without
/// kept features end with results that differ by accumulated rounding.
class TeacherFeatures {
 public:
  /// Keeps a copy of the teacher, folded, in the precision of `config`, and a reference to `images`, which
  /// must outlive this object.
  TeacherFeatures(const TeacherImpl& teacher, const ImageSet& images, const ModelConfig& config,
                  FeatureBudget budget);

  /// The features of the images at `indices` (int64 [B]): three tensors [B, C, H, W], on the teacher's
  /// device, in the memory format of its networks, in the configured precision, without gradient.
  std::vector<at::Tensor> batch(const at::Tensor& indices);

  /// Keeps what `batch` returned for `indices`, if the budget allows. To be called after the step: where
  /// features are kept is decided by the first call, and only then is it known how much memory a step leaves.
  ///
  /// Throws `Error(kIo)` if there is no room for the temporary file.
  void keep(const at::Tensor& indices, const std::vector<at::Tensor>& features);

  /// Where they are kept. Known after the first `keep`.
  FeatureStorage storage() const { return storage_; }

  /// Whether nothing is left to keep: all features are kept, or none can be.
  bool settled() const;

  /// Whether the features of all images at `indices` are kept.
  bool keeps(const at::Tensor& indices) const;

 private:
  std::vector<at::Tensor> compute(const at::Tensor& indices);
  void allocate(const std::vector<at::Tensor>& features);
  /// [B, C, H, W] -> the same memory as a contiguous tensor, and back. Rows that are selected from it stay in
  /// their format.
  at::Tensor to_memory_order(const at::Tensor& features) const;
  at::Tensor from_memory_order(const at::Tensor& kept) const;

  FoldedTeacher teacher_;
  const ImageSet& images_;
  c10::TensorOptions options_;  ///< Device and dtype of the teacher's inputs and outputs.
  at::MemoryFormat format_;     ///< Of its inputs and outputs.
  Normalisation normalisation_;
  FeatureBudget budget_;
  FeatureStorage storage_ = FeatureStorage::kUndecided;
  std::vector<at::Tensor> kept_;  ///< One per scale, in memory order; empty if they are not kept.
  std::vector<bool> known_;       ///< Whether an image's features are in `kept_`.
};

}  // namespace reverse_distillation
