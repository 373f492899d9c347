#include "pipeline/anomaly_map.h"

#include "ops/ops.h"
#include "pipeline/loss.h"

namespace reverse_distillation {

at::Tensor combined_map(const FeaturePairs& features, const ModelConfig& config) {
  const FeaturePairs pairs = select_layers(features, config.layers);
  const std::vector<at::Tensor> distances = cosine_map(pairs.teacher, pairs.student);
  return config.combine == Combine::kSum ? upsample_sum(distances, config.height, config.width)
                                         : upsample_product(distances, config.height, config.width);
}

AnomalyMaps anomaly_maps(const FeaturePairs& features, const ModelConfig& config) {
  const FeaturePairs pairs = select_layers(features, config.layers);
  auto [maps, scores] = anomaly_map(pairs.teacher, pairs.student, config.height, config.width, config.sigma,
                                    config.combine == Combine::kProduct);
  return {std::move(maps), std::move(scores)};
}

}  // namespace reverse_distillation
