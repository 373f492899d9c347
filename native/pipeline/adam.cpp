#include "pipeline/adam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace reverse_distillation {

namespace {

constexpr double kBeta1 = 0.5;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

Adam::Adam(std::vector<at::Tensor> parameters, double learning_rate)
    : learning_rate_(learning_rate), parameters_(std::move(parameters)) {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters_) {
    means_.push_back(at::zeros_like(parameter));
    variances_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, parameter.options()));
  }
}

void Adam::step() {
  const at::NoGradGuard no_grad;
  // The fused kernel runs through memory as it lies: autograd gives a gradient the strides of its parameter.
  std::vector<at::Tensor> parameters, gradients, means, variances, steps;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& gradient = parameters_[i].mutable_grad();
    if (!gradient.defined()) continue;
    parameters.push_back(parameters_[i]);
    gradients.push_back(std::move(gradient));
    gradient = at::Tensor();
    means.push_back(means_[i]);
    variances.push_back(variances_[i]);
    steps.push_back(steps_[i]);
  }
  if (parameters.empty()) return;
  at::_foreach_add_(steps, 1);
  at::_fused_adam_(parameters, gradients, means, variances, {}, steps, learning_rate_, kBeta1, kBeta2,
                   /*weight_decay=*/0.0, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace reverse_distillation
