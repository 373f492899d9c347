#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include "ops/checks.h"
#include "ops/kernel_math.h"
#include "ops/ops.h"

namespace reverse_distillation {

namespace {

using Outputs = std::tuple<at::Tensor, std::vector<at::Tensor>>;

Outputs location_loss_cpu(at::TensorList teacher, at::TensorList student) {
  check_loss_pairs(teacher, student);
  at::Tensor loss = at::zeros({}, at::kFloat);
  std::vector<at::Tensor> upstream;
  for (const at::Tensor& map : cosine_map(teacher, student)) {
    loss += map.mean();
    upstream.push_back(at::full(map.sizes(), 1.0 / static_cast<double>(map.numel()), map.options()));
  }
  return {loss, cosine_map_backward(upstream, teacher, student)};
}

/// [N, C, H, W] -> float32 [N, H W C]; no copy if the features are float32 and channels-last.
at::Tensor flatten_samples(const at::Tensor& features) {
  return features.permute({0, 2, 3, 1}).flatten(1).to(at::kFloat);
}

/// The inner product of each row of `a` with the same row of `b`, [N, E] -> float64 [N, 1]. A small loss is 1
/// minus a cosine over hundreds of thousands of products, for which float32 sums are not accurate to 1e-5.
at::Tensor row_products(const at::Tensor& a, const at::Tensor& b) {
  return at::sum(a * b, {1}, /*keepdim=*/true, at::kDouble);
}

Outputs global_loss_cpu(at::TensorList teacher, at::TensorList student) {
  check_loss_pairs(teacher, student);
  at::Tensor loss = at::zeros({}, at::kFloat);
  std::vector<at::Tensor> gradients;
  for (size_t k = 0; k < student.size(); ++k) {
    const at::Tensor t = flatten_samples(teacher[k]);
    const at::Tensor s = flatten_samples(student[k]);
    const at::Tensor squares = row_products(s, s);
    const at::Tensor norm = squares.sqrt();
    const at::Tensor products = row_products(t, s);
    const at::Tensor floored_teacher = row_products(t, t).sqrt().clamp_min(kNormFloor);
    const at::Tensor floored_student = norm.clamp_min(kNormFloor);
    loss += (1.0 - products / (floored_teacher * floored_student)).mean();

    // As in `cosine_map_backward`: 0 where the student's norm is at or below the floor.
    const at::Tensor by_teacher =
        (-1.0 / static_cast<double>(s.size(0)) / (floored_teacher * floored_student))
            .masked_fill(norm <= kNormFloor, 0.0);
    const at::Tensor by_student = -by_teacher * products / floored_student.square();
    const at::Tensor& like = student[k];
    gradients.push_back((t * by_teacher.to(at::kFloat))
                            .addcmul_(s, by_student.to(at::kFloat))
                            .view({like.size(0), like.size(2), like.size(3), like.size(1)})
                            .permute({0, 3, 1, 2})
                            .to(like.scalar_type())
                            .contiguous(pair_format(like, like)));
  }
  return {loss, gradients};
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) {
  library.impl("location_loss", location_loss_cpu);
  library.impl("global_loss", global_loss_cpu);
}

}  // namespace reverse_distillation
