#include "machine.h"

#include <cuda_runtime_api.h>

namespace {

int launched = 0;

}  // namespace

// The linker directs all launches here (--wrap).
extern "C" {
cudaError_t __real_cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                                    size_t shared_bytes, cudaStream_t stream);
cudaError_t __wrap_cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                                    size_t shared_bytes, cudaStream_t stream) {
  ++launched;
  return __real_cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}

cudaError_t __real_cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel,
                                       void** arguments);
cudaError_t __wrap_cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel,
                                       void** arguments) {
  ++launched;
  return __real_cudaLaunchKernelExC(config, kernel, arguments);
}
}

namespace cuda_emulation {

Machine& Machine::instance() {
  static Machine machine;
  return machine;
}

int Machine::launches() const { return launched; }

}  // namespace cuda_emulation
