#include "pipeline/anomaly_map.h"

#include <ATen/ops/amax.h>

#include <limits>

#include "ops/ops.h"
#include "pipeline/interest.h"
#include "pipeline/loss.h"

namespace reverse_distillation {

namespace {

/// weighted / weights, and 0 where there is no weight.
at::Tensor mean_inside(const at::Tensor& weighted, const at::Tensor& weights) {
  return weighted / weights.clamp_min(std::numeric_limits<float>::min());
}

AnomalyMaps maps_inside(const FeaturePairs& pairs, const ModelConfig& config, const at::Tensor& masks) {
  at::Tensor combined;
  for (const at::Tensor& distances : cosine_map(pairs.teacher, pairs.student)) {
    const at::Tensor shares = interest_shares(masks, distances.size(1), distances.size(2));
    const auto upsampled = [&](const at::Tensor& map) {
      return upsample_sum({map.contiguous()}, config.height, config.width);
    };
    const at::Tensor map = mean_inside(upsampled(distances * shares), upsampled(shares));
    if (!combined.defined()) {
      combined = map;
    } else if (config.combine == Combine::kSum) {
      combined += map;
    } else {
      combined *= map;
    }
  }
  const at::Tensor inside = masks.ne(0).to(at::kFloat);
  const at::Tensor maps =
      mean_inside(gaussian_blur(combined * inside, config.sigma), gaussian_blur(inside, config.sigma)) *
      inside;
  return {maps, maps.amax({1, 2})};
}

}  // namespace

at::Tensor combined_map(const FeaturePairs& features, const ModelConfig& config) {
  const FeaturePairs pairs = select_layers(features, config.layers);
  const std::vector<at::Tensor> distances = cosine_map(pairs.teacher, pairs.student);
  return config.combine == Combine::kSum ? upsample_sum(distances, config.height, config.width)
                                         : upsample_product(distances, config.height, config.width);
}

AnomalyMaps anomaly_maps(const FeaturePairs& features, const ModelConfig& config, const at::Tensor& masks) {
  const FeaturePairs pairs = select_layers(features, config.layers);
  if (masks.defined()) return maps_inside(pairs, config, masks);
  auto [maps, scores] = anomaly_map(pairs.teacher, pairs.student, config.height, config.width, config.sigma,
                                    config.combine == Combine::kProduct);
  return {std::move(maps), std::move(scores)};
}

}  // namespace reverse_distillation
