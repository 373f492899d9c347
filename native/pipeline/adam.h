#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation {

/// Adam (Kingma & Ba 2015) with the betas of the paper, (0.5, 0.999), and PyTorch's epsilon of 1e-8: the
/// update of `torch.optim.Adam`, in one pass over the memory of each parameter.
class Adam {
 public:
  /// parameters: dense, of one device; they are changed in place.
  Adam(std::vector<at::Tensor> parameters, double learning_rate);

  /// Steps along the gradients and drops them, so that their memory is free for the next forward. A parameter
  /// without a gradient, which the layout never runs, stays as it is.
  void step();

 private:
  double learning_rate_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> means_;      ///< Of the gradient, in the order of the parameter's memory.
  std::vector<at::Tensor> variances_;  ///< Of the gradient, not centred, in the same order.
  std::vector<at::Tensor> steps_;      ///< That each parameter has taken, float32 scalars.
};

}  // namespace reverse_distillation
