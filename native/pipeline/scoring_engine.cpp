#include "pipeline/scoring_engine.h"

#include "core/precision.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

ScoringEngine::ScoringEngine(const ReverseDistillation& model, const ModelConfig& config)
    : config_(config),
      teacher_(*model->teacher, scalar_type(config.precision)),
      student_(*model->bottleneck, *model->decoder, scalar_type(config.precision)) {}

FeaturePairs ScoringEngine::features(const at::Tensor& images) const {
  const at::Tensor input = normalise(images, config_.normalisation).to(scalar_type(config_.precision));
  std::vector<at::Tensor> teacher = teacher_.run(input);
  std::vector<at::Tensor> student = student_.run(teacher);
  return {std::move(teacher), std::move(student)};
}

AnomalyMaps ScoringEngine::score(const at::Tensor& images) const {
  return anomaly_maps(features(images), config_);
}

}  // namespace reverse_distillation
