#pragma once

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

namespace reverse_distillation {

/// Draws the initial weights of every layer in `module` from `generator`, in the order of registration:
/// convolutions Kaiming-normal (fan_out, ReLU), transposed convolutions uniform as PyTorch's default
/// (Kaiming-uniform, a = sqrt 5), batch norms weight 1 and bias 0.
void initialise(torch::nn::Module& module, at::Generator generator);

}  // namespace reverse_distillation
