#include "pipeline/loss.h"

#include <ATen/ops/cosine_similarity.h>

#include "ops/kernel_math.h"
#include "ops/ops.h"

namespace reverse_distillation {

FeaturePairs select_layers(const FeaturePairs& features, const std::vector<int64_t>& layers) {
  FeaturePairs selected;
  for (const int64_t layer : layers) {
    selected.teacher.push_back(features.teacher.at(static_cast<size_t>(layer - 1)));
    selected.student.push_back(features.student.at(static_cast<size_t>(layer - 1)));
  }
  return selected;
}

namespace {

at::Tensor location_loss(const FeaturePairs& pairs) {
  at::Tensor loss;
  for (const at::Tensor& map : cosine_map(pairs.teacher, pairs.student)) {
    loss = loss.defined() ? loss + map.mean() : map.mean();
  }
  return loss;
}

/// [N, C, H, W] -> [N, H W C], without a copy where the features are channels-last.
at::Tensor flatten_samples(const at::Tensor& features) { return features.permute({0, 2, 3, 1}).flatten(1); }

at::Tensor global_loss(const FeaturePairs& pairs) {
  at::Tensor loss;
  for (size_t k = 0; k < pairs.teacher.size(); ++k) {
    const at::Tensor similarity = at::cosine_similarity(flatten_samples(pairs.teacher[k]),
                                                        flatten_samples(pairs.student[k]), 1, kNormFloor);
    const at::Tensor distance = (1.0 - similarity).mean();
    loss = loss.defined() ? loss + distance : distance;
  }
  return loss;
}

}  // namespace

at::Tensor distillation_loss(const FeaturePairs& features, const std::vector<int64_t>& layers, Loss loss) {
  const FeaturePairs pairs = select_layers(features, layers);
  return loss == Loss::kLocation ? location_loss(pairs) : global_loss(pairs);
}

}  // namespace reverse_distillation
