#include "pipeline/adam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

namespace reverse_distillation {

namespace {

constexpr double kBeta1 = 0.5;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

/// The values in memory order, as one row: ATen's kernel would copy tensors that are not contiguous, such as
/// channels-last gradients.
at::Tensor as_row(const at::Tensor& dense) { return dense.as_strided({dense.numel()}, {1}); }

/// The gradient in the memory order of its parameter, which autograd almost always uses anyway.
at::Tensor in_order_of(const at::Tensor& parameter, const at::Tensor& gradient) {
  if (gradient.strides() == parameter.strides()) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

}  // namespace

Adam::Adam(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters_) {
    means_.push_back(at::zeros({parameter.numel()}, parameter.options()));
    variances_.push_back(at::zeros({parameter.numel()}, parameter.options()));
    steps_.push_back(at::zeros({}, parameter.options()));
  }
  if (!parameters_.empty() && !parameters_.front().device().is_cpu()) {
    learning_rate_on_gpu_ = at::zeros({}, parameters_.front().options());
  }
}

Adam::Memory Adam::memory(size_t parameter) const {
  const at::Tensor& like = parameters_[parameter];
  return {means_[parameter].as_strided(like.sizes(), like.strides()),
          variances_[parameter].as_strided(like.sizes(), like.strides()), steps_[parameter]};
}

void Adam::set_learning_rate(double learning_rate) {
  if (learning_rate == learning_rate_) return;
  learning_rate_ = learning_rate;
  const at::NoGradGuard no_grad;
  if (learning_rate_on_gpu_.defined()) learning_rate_on_gpu_.fill_(learning_rate);
}

void Adam::step() {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parameters, gradients, means, variances, steps;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& gradient = parameters_[i].mutable_grad();
    if (!gradient.defined()) continue;
    parameters.push_back(as_row(parameters_[i]));
    gradients.push_back(as_row(in_order_of(parameters_[i], gradient)));
    gradient = at::Tensor();
    means.push_back(means_[i]);
    variances.push_back(variances_[i]);
    steps.push_back(steps_[i]);
  }
  if (parameters.empty()) return;
  at::_foreach_add_(steps, 1);
  const auto update = [&](const auto& learning_rate) {
    at::_fused_adam_(parameters, gradients, means, variances, {}, steps, learning_rate, kBeta1, kBeta2,
                     /*weight_decay=*/0.0, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
  };
  if (learning_rate_on_gpu_.defined()) {
    update(learning_rate_on_gpu_);
  } else {
    update(learning_rate_);
  }
}

}  // namespace reverse_distillation
