#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace reverse_distillation {

/// A tensor under the name that torchvision and the published checkpoints know it by.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// All parameters and buffers of `module`, contiguous, on the CPU, in the order of registration. A tensor
/// that is so already shares the module's memory.
std::vector<NamedTensor> tensor_state(const torch::nn::Module& module);

/// Copies `state` into the module, converting dtypes. Every tensor of the module must be there, in its shape,
/// and nothing else; only `num_batches_tracked`, which older files lack, may be absent. Throws
/// `Error(kInvalidFile)` that names what does not fit, before anything is changed. `part` names the module in
/// that message.
void load_tensor_state(torch::nn::Module& module, const std::string& part,
                       const std::vector<NamedTensor>& state);

}  // namespace reverse_distillation
