#include "pipeline/loss.h"

namespace reverse_distillation {

FeaturePairs select_layers(const FeaturePairs& features, const std::vector<int64_t>& layers) {
  FeaturePairs selected;
  for (const int64_t layer : layers) {
    selected.teacher.push_back(features.teacher.at(static_cast<size_t>(layer - 1)));
    selected.student.push_back(features.student.at(static_cast<size_t>(layer - 1)));
  }
  return selected;
}

LossAndGradients distillation_loss(const FeaturePairs& features, const std::vector<int64_t>& layers,
                                   Loss loss) {
  const FeaturePairs pairs = select_layers(features, layers);
  return loss == Loss::kLocation ? location_loss(pairs.teacher, pairs.student)
                                 : global_loss(pairs.teacher, pairs.student);
}

}  // namespace reverse_distillation
