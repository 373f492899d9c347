#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation {

/// Adam (Kingma & Ba 2015) with the paper's betas (0.5, 0.999) and PyTorch's epsilon of 1e-8: the update of
/// `torch.optim.Adam`, in one pass over the memory of each parameter.
class Adam {
 public:
  /// parameters: dense, on one device. They are changed in place.
  explicit Adam(std::vector<at::Tensor> parameters);

  /// Applies to the steps that follow, also to recorded ones: on a GPU, steps read it from the device.
  void set_learning_rate(double learning_rate);

  /// Takes one step along the gradients and drops them, so that their memory is free for the next forward. A
  /// parameter without a gradient (one that the layout never runs) does not change.
  void step();

  /// What Adam remembers of one parameter. The tensors share its memory, in the parameter's shape.
  struct Memory {
    at::Tensor mean;      ///< First moment of the gradients.
    at::Tensor variance;  ///< Second moment (uncentred) of the gradients.
    at::Tensor steps;     ///< Number of steps: a float32 scalar.
  };

  /// parameter: index into the constructor's list.
  Memory memory(size_t parameter) const;

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> means_;      ///< Rows in the parameters' memory order.
  std::vector<at::Tensor> variances_;  ///< Rows in the same order.
  std::vector<at::Tensor> steps_;
  double learning_rate_ = 0.0;
  at::Tensor learning_rate_on_gpu_;  ///< A float32 scalar; undefined on the CPU.
};

}  // namespace reverse_distillation
