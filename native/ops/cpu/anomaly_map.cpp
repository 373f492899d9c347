#include <ATen/core/Tensor.h>
#include <torch/library.h>

#include "ops/ops.h"

namespace reverse_distillation {

namespace {

std::tuple<at::Tensor, at::Tensor> smooth_maps_cpu(at::TensorList maps, int64_t height, int64_t width,
                                                   double sigma, bool multiply) {
  const at::Tensor smoothed = gaussian_blur(
      multiply ? upsample_product(maps, height, width) : upsample_sum(maps, height, width), sigma);
  return {smoothed, smoothed.flatten(1).amax(1)};
}

std::tuple<at::Tensor, at::Tensor> anomaly_map_cpu(at::TensorList teacher, at::TensorList student,
                                                   int64_t height, int64_t width, double sigma,
                                                   bool multiply) {
  return smooth_maps(cosine_map(teacher, student), height, width, sigma, multiply);
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) {
  library.impl("smooth_maps", smooth_maps_cpu);
  library.impl("anomaly_map", anomaly_map_cpu);
}

}  // namespace reverse_distillation
