#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace reverse_distillation {

/// A tensor and its name in torchvision and in the published checkpoints.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// All parameters and buffers of `module`, contiguous, on the CPU, in the order of registration. Tensors that
/// already are contiguous and on the CPU share the module's memory.
std::vector<NamedTensor> tensor_state(const torch::nn::Module& module);

/// Parameters and buffers of `module`, which share its memory, in the order of registration.
std::vector<NamedTensor> members(const torch::nn::Module& module);

/// Copies `state` into the module, converting dtypes. `state` must hold every tensor of the module, in its
/// shape, and nothing else; only `num_batches_tracked`, which older files lack, may be absent. Throws
/// `Error(kInvalidFile)` naming the tensors that do not match, before anything is changed. The message calls
/// the module `part`.
void load_tensor_state(torch::nn::Module& module, const std::string& part,
                       const std::vector<NamedTensor>& state);

/// Likewise for any tensors: copies the value of each name into the tensor of that name.
void load_tensors(const std::vector<NamedTensor>& wanted, const std::string& part,
                  const std::vector<NamedTensor>& state);

}  // namespace reverse_distillation
