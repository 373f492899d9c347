#include "ops/cuda/cosine_map.h"

#include <torch/library.h>

#include "ops/checks.h"
#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

std::vector<at::Tensor> cosine_map_cuda(at::TensorList teacher, at::TensorList student) {
  check_feature_pairs(teacher, student);
  const cuda::LaunchOn launch(student[0]);
  const cuda::DenseFeatures features(teacher, student);
  std::vector<at::Tensor> maps = features.make_maps();
  if (features.empty()) return maps;
  const std::vector<float*> distances = cuda::pointers_to<float>(maps);
  cuda::check_launch(cuda::launch_cosine_map(features.pairs(), distances, features.batch(), features.type(),
                                             nullptr, launch.stream()),
                     "cosine_map");
  return maps;
}

std::vector<at::Tensor> cosine_map_backward_cuda(at::TensorList grad, at::TensorList teacher,
                                                 at::TensorList student) {
  check_feature_pairs(teacher, student);
  check_map_gradients(grad, student);
  const cuda::LaunchOn launch(student[0]);
  const cuda::DenseFeatures features(teacher, student);
  std::vector<at::Tensor> gradients = features.make_gradients();
  if (features.empty()) return gradients;
  std::vector<at::Tensor> dense;
  for (const at::Tensor& g : grad) {
    TORCH_CHECK(g.device() == student[0].device(), "cosine_map_backward: a gradient is on ", g.device(),
                ", but the features are on ", student[0].device());
    dense.push_back(g.contiguous());
  }
  const std::vector<const float*> upstream = cuda::pointers_to<const float>(dense);
  const std::vector<void*> targets = cuda::pointers_to<void>(gradients);
  cuda::check_launch(cuda::launch_cosine_map_backward(features.pairs(), upstream, targets, features.batch(),
                                                      features.type(), launch.stream()),
                     "cosine_map_backward");
  return gradients;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) {
  library.impl("cosine_map", cosine_map_cuda);
  library.impl("cosine_map_backward", cosine_map_backward_cuda);
}

}  // namespace reverse_distillation
