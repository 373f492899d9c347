#include "pipeline/scoring_engine.h"

#include <string>

#include "core/error.h"
#include "core/precision.h"
#include "pipeline/image_statistics.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

ScoringEngine::ScoringEngine(const ReverseDistillation& model, const ModelConfig& config)
    : config_(config),
      teacher_(*model->teacher, scalar_type(config.precision)),
      student_(*model->bottleneck, *model->decoder, scalar_type(config.precision)) {
  if (config.precision != Precision::kInt8) return;
  const std::vector<FoldedConvolution*> convolutions = this->convolutions();
  const std::vector<double>& ranges = config.activation_ranges;
  if (ranges.size() != convolutions.size()) {
    throw Error(ErrorCode::kInvalidArgument, "The model has " + std::to_string(convolutions.size()) +
                                                 " convolutions that can compute in 8 bits, but " +
                                                 std::to_string(ranges.size()) + " ranges were given.");
  }
  for (size_t i = 0; i < ranges.size(); ++i) convolutions[i]->quantise(ranges[i]);
}

std::vector<FoldedConvolution*> ScoringEngine::convolutions() {
  std::vector<FoldedConvolution*> convolutions;
  teacher_.list(convolutions);
  student_.list(convolutions);
  return convolutions;
}

void ScoringEngine::observe() {
  for (FoldedConvolution* convolution : convolutions()) convolution->observe();
}

std::vector<double> ScoringEngine::activation_ranges() {
  constexpr double kShare = 0.9999;
  std::vector<double> ranges;
  for (const FoldedConvolution* convolution : convolutions()) {
    const double range = convolution->observed().quantile(kShare);
    // Where nothing but 0 is read, any range will do.
    ranges.push_back(range > 0.0 ? range : 1.0);
  }
  return ranges;
}

FeaturePairs ScoringEngine::features_of(const at::Tensor& input) {
  std::vector<at::Tensor> teacher = teacher_.run(input);
  std::vector<at::Tensor> student = student_.run(teacher);
  return {std::move(teacher), std::move(student)};
}

FeaturePairs ScoringEngine::features(const at::Tensor& images) { return features_of(normalised(images)); }

ScoredBatch ScoringEngine::score(const at::Tensor& images, const at::Tensor& masks) {
  return score_normalised(normalised(images), masks);
}

ScoredBatch ScoringEngine::score_normalised(const at::Tensor& input, const at::Tensor& masks) {
  return {anomaly_maps(features_of(input), config_, masks),
          image_statistics(input, config_.normalisation, masks)};
}

at::Tensor ScoringEngine::normalised(const at::Tensor& images) const {
  return normalise(images, config_.normalisation).to(scalar_type(config_.precision));
}

}  // namespace reverse_distillation
