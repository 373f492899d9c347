#include "ops/cuda/distillation_loss.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "ops/checks.h"
#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

using Outputs = std::tuple<at::Tensor, std::vector<at::Tensor>>;
using Launch = decltype(&cuda::launch_location_loss);
using Workspace = decltype(&cuda::location_loss_workspace);

/// Training in float32 and in bfloat16 needs no scaling of the loss.
constexpr float kGradientScale = 1.0F;

Outputs loss_cuda(const char* op, Launch launch_loss, Workspace workspace_bytes, at::TensorList teacher,
                  at::TensorList student) {
  check_loss_pairs(teacher, student);
  const cuda::LaunchOn launch(student[0]);
  const cuda::DenseFeatures features(teacher, student);
  std::vector<at::Tensor> gradients = features.make_gradients();
  const std::vector<void*> targets = cuda::pointers_to<void>(gradients);
  const at::Tensor loss = at::empty({}, student[0].options().dtype(at::kFloat));
  const size_t bytes = workspace_bytes(features.pairs(), features.batch(), features.type());
  const at::Tensor workspace =
      at::empty({static_cast<int64_t>(bytes)}, student[0].options().dtype(at::kByte));
  // The ticket that `launch_location_loss` expects; the memory's earlier contents are arbitrary.
  if (bytes > 0) cuda::check_launch(cudaMemsetAsync(workspace.data_ptr(), 0, 4, launch.stream()), op);
  cuda::check_launch(launch_loss(features.pairs(), targets, features.batch(), features.type(), kGradientScale,
                                 loss.data_ptr<float>(), workspace.data_ptr(), launch.stream()),
                     op);
  return {loss, gradients};
}

Outputs location_loss_cuda(at::TensorList teacher, at::TensorList student) {
  return loss_cuda("location_loss", cuda::launch_location_loss, cuda::location_loss_workspace, teacher,
                   student);
}

Outputs global_loss_cuda(at::TensorList teacher, at::TensorList student) {
  return loss_cuda("global_loss", cuda::launch_global_loss, cuda::global_loss_workspace, teacher, student);
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) {
  library.impl("location_loss", location_loss_cuda);
  library.impl("global_loss", global_loss_cuda);
}

}  // namespace reverse_distillation
