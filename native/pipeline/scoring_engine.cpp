#include "pipeline/scoring_engine.h"

#include "core/precision.h"
#include "pipeline/image_statistics.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

ScoringEngine::ScoringEngine(const ReverseDistillation& model, const ModelConfig& config)
    : config_(config),
      teacher_(*model->teacher, scalar_type(config.precision)),
      student_(*model->bottleneck, *model->decoder, scalar_type(config.precision)) {}

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
