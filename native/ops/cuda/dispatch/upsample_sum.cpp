#include "ops/cuda/upsample_sum.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "ops/checks.h"
#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

at::Tensor upsample_sum_cuda(at::TensorList maps, int64_t height, int64_t width) {
  check_upsample_sum(maps, height, width);
  const cuda::LaunchOn launch(maps[0]);
  std::vector<at::Tensor> dense;
  std::vector<cuda::MapSize> sizes;
  for (const at::Tensor& map : maps) {
    dense.push_back(map.contiguous());
    sizes.push_back({map.size(1), map.size(2)});
  }
  at::Tensor output = at::empty({maps[0].size(0), height, width}, maps[0].options());
  if (output.numel() == 0) return output;
  const std::vector<const float*> sources = cuda::pointers_to<const float>(dense);
  cuda::check_launch(cuda::launch_upsample(sources, sizes, cuda::MapCombination::kSum, output.size(0), height,
                                           width, output.data_ptr<float>(), launch.stream()),
                     "upsample_sum");
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) { library.impl("upsample_sum", upsample_sum_cuda); }

}  // namespace reverse_distillation
