#include "ops/cuda/block_sum.cuh"
#include "ops/cuda/cosine_gradient.cuh"
#include "ops/cuda/distillation_loss.h"

namespace reverse_distillation::cuda {

namespace {

/// The head of the workspace. One float32 per block follows: its part of the loss.
struct alignas(16) LossTicket {
  unsigned finished;  ///< Number of blocks that have written their part; 0 between launches.
};

template <typename T>
__global__ __launch_bounds__(kBlockThreads,
                             2) void location_loss_kernel(const __grid_constant__ Scales<T> scales,
                                                          float gradient_scale, float* loss,
                                                          LossTicket* ticket, float* parts) {
  RD_SHARED(float, scratch, kPlaneGradientFloats<T>);
  RD_SHARED(double, sums, kBlockWarps);
  RD_SHARED(int, last, 1);
  const Scale<T>& scale = scale_of_block(scales);
  const float grad = scale.weight * gradient_scale;
  const auto upstream = [&](int64_t) { return grad; };
  const float distance = scale.channels_last ? gradient_of_rows(scale, upstream)
                                             : gradient_of_planes<T>(scale, scratch, upstream);
  const double part = block_sum<double>(distance, sums);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = static_cast<float>(part * scale.weight);
    __threadfence();
    last[0] = atomicAdd(&ticket->finished, 1U) + 1 == gridDim.x ? 1 : 0;
  }
  __syncthreads();

  // The block that finishes last adds up all parts, in their order.
  if (last[0] == 0) return;
  __threadfence();
  double total = 0.0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += kBlockThreads) total += __ldcg(parts + i);
  total = block_sum<double>(total, sums);
  if (threadIdx.x == 0) {
    *loss = static_cast<float>(total);
    ticket->finished = 0;
  }
}

}  // namespace

cudaError_t launch_location_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                                 ElementType type, float gradient_scale, float* loss, void* workspace,
                                 cudaStream_t stream) {
  return with_element_type(type, [&]<typename T>(T) {
    Scales<T> scales;
    int blocks = 0;
    cudaError_t error = plan_scales(pairs, batch, scales, blocks);
    if (error == cudaSuccess) error = set_gradients(scales, gradients);
    if (error != cudaSuccess) return error;
    if (blocks == 0) return cudaErrorInvalidValue;
    for (int k = 0; k < scales.count; ++k) {
      scales.at[k].weight = static_cast<float>(1.0 / static_cast<double>(scales.at[k].all_positions));
    }
    auto* const ticket = static_cast<LossTicket*>(workspace);
    return launch(location_loss_kernel<T>, dim3(blocks), dim3(kBlockThreads), 0, stream, scales,
                  gradient_scale, loss, ticket, reinterpret_cast<float*>(ticket + 1));
  });
}

size_t location_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type) {
  int blocks = 0;
  const cudaError_t error = with_element_type(type, [&]<typename T>(T) {
    Scales<T> scales;
    return plan_scales(pairs, batch, scales, blocks);
  });
  if (error != cudaSuccess || blocks == 0) return 0;
  return sizeof(LossTicket) + static_cast<size_t>(blocks) * sizeof(float);
}

}  // namespace reverse_distillation::cuda
