#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "ops/checks.h"
#include "ops/cuda/cosine_map.h"
#include "ops/cuda/dispatch/launch.h"
#include "ops/cuda/dispatch/smoothing_tables.h"
#include "ops/cuda/product_smoothing.h"
#include "ops/cuda/smoothing.h"

namespace reverse_distillation {

namespace {

/// Work memory for a launch, or an undefined tensor if it needs none. The allocator reuses it once the stream
/// has passed the launch.
at::Tensor make_workspace(size_t bytes, const at::Tensor& like) {
  if (bytes == 0) return {};
  return at::empty({static_cast<int64_t>(bytes)}, like.options().dtype(at::kByte));
}

void* memory_of(const at::Tensor& workspace) { return workspace.defined() ? workspace.data_ptr() : nullptr; }

/// Smooths `distances` into `maps` and raises `scores` to the maxima.
void launch_smoothing_of(at::TensorList distances, double sigma, bool multiply, const at::Tensor& maps,
                         const at::Tensor& scores, cudaStream_t stream) {
  const int64_t batch = maps.size(0);
  const int64_t height = maps.size(1);
  const int64_t width = maps.size(2);
  std::vector<cuda::MapSize> sizes;
  for (const at::Tensor& map : distances) sizes.push_back({map.size(1), map.size(2)});
  const std::vector<const float*> sources = cuda::pointers_to<const float>(distances);
  const std::vector<cuda::MapSize> output_size = {{height, width}};
  const auto kept = cuda::device_plan(multiply ? output_size : sizes, height, width, sigma, maps.device());
  const auto& [plan, tables] = *kept;

  size_t bytes = 0;
  cuda::check_launch(multiply ? cuda::product_smoothing_workspace(plan, batch, bytes)
                              : cuda::smoothing_workspace(plan, batch, bytes),
                     "smooth_maps");
  const at::Tensor workspace = make_workspace(bytes, maps);
  float* const smoothed = maps.data_ptr<float>();
  float* const raised = scores.data_ptr<float>();
  cuda::check_launch(multiply ? cuda::launch_product_smoothing(sources, sizes, plan, tables.data_ptr(), batch,
                                                               smoothed, raised, memory_of(workspace), stream)
                              : cuda::launch_smoothing(plan, tables.data_ptr(), sources, batch, smoothed,
                                                       raised, memory_of(workspace), stream),
                     "anomaly_map");
}

std::tuple<at::Tensor, at::Tensor> smooth_maps_cuda(at::TensorList maps, int64_t height, int64_t width,
                                                    double sigma, bool multiply) {
  check_upsample_sum(maps, height, width);
  const cuda::LaunchOn launch(maps[0]);
  std::vector<at::Tensor> dense;
  for (const at::Tensor& map : maps) dense.push_back(map.contiguous());
  at::Tensor smoothed = at::empty({maps[0].size(0), height, width}, maps[0].options());
  at::Tensor scores = at::empty({maps[0].size(0)}, maps[0].options());
  check_gaussian_blur(smoothed, sigma);
  if (scores.numel() == 0) return {smoothed, scores};
  cuda::check_launch(cudaMemsetAsync(scores.data_ptr(), 0xFF, scores.nbytes(), launch.stream()),
                     "smooth_maps");
  launch_smoothing_of(dense, sigma, multiply, smoothed, scores, launch.stream());
  return {smoothed, scores};
}

std::tuple<at::Tensor, at::Tensor> anomaly_map_cuda(at::TensorList teacher, at::TensorList student,
                                                    int64_t height, int64_t width, double sigma,
                                                    bool multiply) {
  check_feature_pairs(teacher, student);
  const cuda::LaunchOn launch(student[0]);
  const cuda::DenseFeatures features(teacher, student);
  const std::vector<at::Tensor> distances = features.make_maps();
  check_upsample_sum(distances, height, width);
  const auto floats = student[0].options().dtype(at::kFloat);
  at::Tensor maps = at::empty({features.batch(), height, width}, floats);
  at::Tensor scores = at::empty({features.batch()}, floats);
  check_gaussian_blur(maps, sigma);
  if (features.batch() == 0) return {maps, scores};

  const std::vector<float*> targets = cuda::pointers_to<float>(distances);
  cuda::check_launch(cuda::launch_cosine_map(features.pairs(), targets, features.batch(), features.type(),
                                             scores.data_ptr<float>(), launch.stream()),
                     "anomaly_map");
  launch_smoothing_of(distances, sigma, multiply, maps, scores, launch.stream());
  return {maps, scores};
}

at::Tensor gaussian_blur_cuda(const at::Tensor& maps, double sigma) {
  check_gaussian_blur(maps, sigma);
  const cuda::LaunchOn launch(maps);
  const at::Tensor input = maps.contiguous();
  at::Tensor output = at::empty(input.sizes(), input.options());
  if (input.numel() == 0) return output;
  const std::vector<cuda::MapSize> size = {{input.size(1), input.size(2)}};
  const auto kept = cuda::device_plan(size, input.size(1), input.size(2), sigma, input.device());
  const auto& [plan, tables] = *kept;
  size_t bytes = 0;
  cuda::check_launch(cuda::smoothing_workspace(plan, input.size(0), bytes), "gaussian_blur");
  const at::Tensor workspace = make_workspace(bytes, input);
  const std::vector<const float*> source = {input.data_ptr<float>()};
  cuda::check_launch(
      cuda::launch_smoothing(plan, tables.data_ptr(), source, input.size(0), output.data_ptr<float>(),
                             nullptr, memory_of(workspace), launch.stream()),
      "gaussian_blur");
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CUDA, library) {
  library.impl("smooth_maps", smooth_maps_cuda);
  library.impl("anomaly_map", anomaly_map_cuda);
  library.impl("gaussian_blur", gaussian_blur_cuda);
}

}  // namespace reverse_distillation
