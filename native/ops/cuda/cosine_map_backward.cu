#include "ops/cuda/cosine_gradient.cuh"
#include "ops/cuda/cosine_map.h"

namespace reverse_distillation::cuda {

namespace {

template <typename T>
__global__ __launch_bounds__(kBlockThreads,
                             2) void cosine_map_backward_kernel(const __grid_constant__ Scales<T> scales) {
  RD_SHARED(float, scratch, kPlaneGradientFloats<T>);
  const Scale<T>& scale = scale_of_block(scales);
  const auto upstream = [&](int64_t position) { return scale.grad[position]; };
  if (scale.channels_last) {
    gradient_of_rows(scale, upstream);
  } else {
    gradient_of_planes<T>(scale, scratch, upstream);
  }
}

}  // namespace

cudaError_t launch_cosine_map_backward(FeaturePairs pairs, std::span<const float* const> grad,
                                       std::span<void* const> gradients, int64_t batch, ElementType type,
                                       cudaStream_t stream) {
  if (grad.size() != pairs.size()) return cudaErrorInvalidValue;
  return with_element_type(type, [&]<typename T>(T) {
    Scales<T> scales;
    int blocks = 0;
    cudaError_t error = plan_scales(pairs, batch, scales, blocks);
    if (error == cudaSuccess) error = set_gradients(scales, gradients);
    if (error != cudaSuccess || blocks == 0) return error;
    for (size_t k = 0; k < pairs.size(); ++k) scales.at[k].grad = grad[k];
    return launch(cosine_map_backward_kernel<T>, dim3(blocks), dim3(kBlockThreads), 0, stream, scales);
  });
}

}  // namespace reverse_distillation::cuda
