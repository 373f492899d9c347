#include "core/cuda/streams.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <map>
#include <mutex>
#include <vector>

namespace reverse_distillation::cuda {

namespace {

struct IdleStreams {
  std::mutex mutex;
  std::map<c10::DeviceIndex, std::vector<c10::Stream>> of_device;
};

/// Never destroyed: detectors may outlive statics.
IdleStreams& idle_streams() {
  static IdleStreams& instance = *new IdleStreams;
  return instance;
}

}  // namespace

c10::Stream take_stream(c10::Device device) {
  {
    IdleStreams& idle = idle_streams();
    const std::lock_guard lock(idle.mutex);
    std::vector<c10::Stream>& streams = idle.of_device[device.index()];
    if (!streams.empty()) {
      const c10::Stream stream = streams.back();
      streams.pop_back();
      return stream;
    }
  }
  const c10::cuda::CUDAGuard guard(device);
  cudaStream_t stream = nullptr;
  // Non-blocking: otherwise it would wait for the default stream, and the default stream for it.
  C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return c10::cuda::getStreamFromExternal(stream, device.index()).unwrap();
}

void give_back_stream(c10::Stream stream) {
  IdleStreams& idle = idle_streams();
  const std::lock_guard lock(idle.mutex);
  idle.of_device[stream.device_index()].push_back(stream);
}

}  // namespace reverse_distillation::cuda
