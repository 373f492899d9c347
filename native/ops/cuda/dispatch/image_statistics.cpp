#include "ops/cuda/image_statistics.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "ops/cuda/dispatch/launch.h"

namespace reverse_distillation {

namespace {

at::Tensor luma_statistics_cuda(const at::Tensor& input, at::ArrayRef<double> weights, double offset,
                                double least_contrast) {
  TORCH_CHECK(
      input.dim() == 4 && input.size(1) == 3 && input.size(2) > 1 && input.size(3) > 1 && weights.size() == 3,
      "luma_statistics: expected images [N, 3, H, W] of at least 2 x 2 and three weights; got sizes ",
      input.sizes());
  const bool channels_last = input.is_contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor dense = channels_last ? input : input.contiguous();
  const cuda::LaunchOn launch(dense);
  at::Tensor statistics = at::empty({dense.size(0), 3}, dense.options().dtype(at::kFloat));
  const at::Tensor workspace =
      at::empty({static_cast<int64_t>(cuda::image_statistics_workspace(dense.size(0)))},
                dense.options().dtype(at::kByte));
  const cuda::NormalisedImages images = {
      dense.const_data_ptr(), dense.size(0), dense.size(2), dense.size(3),
      channels_last ? cuda::Layout::kChannelsLast : cuda::Layout::kChannelsFirst};
  cuda::LumaWeights luma = {};
  for (size_t c = 0; c < 3; ++c) luma.weight[c] = static_cast<float>(weights[c]);
  luma.offset = static_cast<float>(offset);
  cuda::check_launch(
      cuda::launch_image_statistics(images, cuda::element_type(dense.scalar_type()), luma,
                                    static_cast<float>(least_contrast), statistics.data_ptr<float>(),
                                    workspace.data_ptr(), launch.stream()),
      "luma_statistics");
  return statistics;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) {
  library.impl("luma_statistics", luma_statistics_cuda);
}

}  // namespace reverse_distillation
