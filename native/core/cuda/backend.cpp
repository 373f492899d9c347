#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include "core/cuda/graph.h"
#include "core/cuda/streams.h"
#include "core/gpu_backend.h"

namespace reverse_distillation::cuda {

namespace {

int64_t free_memory(c10::Device device) {
  const c10::cuda::CUDAGuard guard(device);
  size_t free = 0;
  size_t total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<int64_t>(free);
}

constexpr GpuBackend kBackend = {record_graph, take_stream, give_back_stream, free_memory};
const GpuBackendRegistration registration(kBackend);

}  // namespace

}  // namespace reverse_distillation::cuda
