#include "pipeline/loss.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "pipeline/interest.h"

namespace reverse_distillation {

namespace {

/// float32 [N or 1, H, W], for features [N, C, H, W].
at::Tensor shares_of(const at::Tensor& masks, const at::Tensor& features) {
  return interest_shares(masks.to(features.device()), features.size(2), features.size(3));
}

LossAndGradients location_loss_inside(const FeaturePairs& pairs, const at::Tensor& masks) {
  const std::vector<at::Tensor> distances = cosine_map(pairs.teacher, pairs.student);
  at::Tensor loss = at::zeros({}, distances.front().options());
  std::vector<at::Tensor> weights;
  for (size_t k = 0; k < distances.size(); ++k) {
    const at::Tensor shares = shares_of(masks, pairs.student[k]);
    const at::Tensor weight = shares / (shares.sum({1, 2}, /*keepdim=*/true) * distances[k].size(0));
    loss += (distances[k] * weight).sum();
    weights.push_back(weight.expand_as(distances[k]).contiguous());
  }
  return {loss, cosine_map_backward(weights, pairs.teacher, pairs.student)};
}

/// Features times the root of w: their inner products are weighted by w.
LossAndGradients global_loss_inside(const FeaturePairs& pairs, const at::Tensor& masks) {
  FeaturePairs weighted;
  std::vector<at::Tensor> roots;
  for (size_t k = 0; k < pairs.student.size(); ++k) {
    const at::Tensor& student = pairs.student[k];
    roots.push_back(shares_of(masks, student).sqrt().unsqueeze(1).to(student.scalar_type()));
    weighted.teacher.push_back(pairs.teacher[k] * roots[k]);
    weighted.student.push_back(student * roots[k]);
  }
  LossAndGradients result = global_loss(weighted.teacher, weighted.student);
  for (size_t k = 0; k < roots.size(); ++k) result.gradients[k].mul_(roots[k]);
  return result;
}

}  // namespace

FeaturePairs select_layers(const FeaturePairs& features, const std::vector<int64_t>& layers) {
  FeaturePairs selected;
  for (const int64_t layer : layers) {
    selected.teacher.push_back(features.teacher.at(static_cast<size_t>(layer - 1)));
    selected.student.push_back(features.student.at(static_cast<size_t>(layer - 1)));
  }
  return selected;
}

LossAndGradients distillation_loss(const FeaturePairs& features, const std::vector<int64_t>& layers,
                                   Loss loss, const at::Tensor& masks) {
  const FeaturePairs pairs = select_layers(features, layers);
  if (masks.defined()) {
    const at::NoGradGuard no_grad;
    return loss == Loss::kLocation ? location_loss_inside(pairs, masks) : global_loss_inside(pairs, masks);
  }
  return loss == Loss::kLocation ? location_loss(pairs.teacher, pairs.student)
                                 : global_loss(pairs.teacher, pairs.student);
}

}  // namespace reverse_distillation
