#pragma once

#include "core/config.h"
#include "inference/folded_networks.h"
#include "pipeline/anomaly_map.h"

namespace reverse_distillation {

/// A model as it is scored with: copies of its weights, folded and in the precision of the configuration,
/// apart from the networks that are trained. It does not follow them when they change.
class ScoringEngine {
 public:
  /// `config.precision` is that of the networks; cosine maps and what follows them are float32 in any.
  ScoringEngine(const ReverseDistillation& model, const ModelConfig& config);

  /// images: uint8 [N, H, W, 3], N above 0, at the networks' size, on the model's device.
  FeaturePairs features(const at::Tensor& images);
  AnomalyMaps score(const at::Tensor& images);

  /// The same from normalised images on: [N, 3, H, W] in the precision of the networks, channels-last.
  AnomalyMaps score_normalised(const at::Tensor& input);

 private:
  FeaturePairs features_of(const at::Tensor& input);

  ModelConfig config_;
  FoldedTeacher teacher_;
  FoldedStudent student_;
};

}  // namespace reverse_distillation
