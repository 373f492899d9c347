#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation {

/// Adam (Kingma & Ba 2015) with the paper's betas (0.5, 0.999) and PyTorch's epsilon of 1e-8: the update of
/// `torch.optim.Adam`, in one pass over the memory of each parameter.
class Adam {
 public:
  /// parameters: dense, on one device. They are changed in place.
  Adam(std::vector<at::Tensor> parameters, double learning_rate);

  /// Takes one step along the gradients and drops them, so that their memory is free for the next forward. A
  /// parameter without a gradient (one that the layout never runs) does not change.
  void step();

 private:
  double learning_rate_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> means_;      ///< First moments of the gradients, in the parameters' memory order.
  std::vector<at::Tensor> variances_;  ///< Second moments (uncentred) of the gradients, in the same order.
  std::vector<at::Tensor> steps_;      ///< Number of steps of each parameter, float32 scalars.
};

}  // namespace reverse_distillation
