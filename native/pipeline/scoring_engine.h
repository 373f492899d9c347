#pragma once

#include "core/config.h"
#include "inference/folded_networks.h"
#include "pipeline/anomaly_map.h"

namespace reverse_distillation {

/// A model prepared for scoring: copies of its weights, folded and in the configured precision, separate from
/// the networks in training. It does not follow them when they change.
class ScoringEngine {
 public:
  /// `config.precision` applies to the networks; cosine maps and everything after them are always float32.
  /// Throws `Error(kInvalidArgument)` if `config.activation_ranges` are not those of this model.
  ScoringEngine(const ReverseDistillation& model, const ModelConfig& config);

  /// Collects what the convolutions read from now on. Before the first image, and in float32.
  void observe();

  /// Where the values end that each convolution that can compute in 8 bits has read since `observe`: all but
  /// one in 10,000 are below. In an order that depends on the model alone.
  std::vector<double> activation_ranges();

  /// images: uint8 [N, H, W, 3], N above 0, at the networks' input size, on the model's device.
  FeaturePairs features(const at::Tensor& images);
  /// masks: see `anomaly_maps`.
  ScoredBatch score(const at::Tensor& images, const at::Tensor& masks = {});

  /// The same from normalised images: [N, 3, H, W] in the networks' precision, channels-last.
  ScoredBatch score_normalised(const at::Tensor& input, const at::Tensor& masks = {});

 private:
  /// Those that can compute in 8 bits.
  std::vector<FoldedConvolution*> convolutions();
  FeaturePairs features_of(const at::Tensor& input);
  at::Tensor normalised(const at::Tensor& images) const;

  ModelConfig config_;
  FoldedTeacher teacher_;
  FoldedStudent student_;
};

}  // namespace reverse_distillation
