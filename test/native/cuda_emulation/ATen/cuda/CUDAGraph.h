#pragma once

// A stand-in for LibTorch's CUDA graphs up to version 2.12 and the CUDA functions beside them: their rules,
// and what they leave behind if the rules are broken.

#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

namespace c10 {
using MempoolId_t = std::pair<unsigned long long, unsigned long long>;
}

namespace cuda_emulation {

/// The capture on the calling thread's stream.
inline thread_local cudaStreamCaptureStatus capture_status = cudaStreamCaptureStatusNone;

/// What an operation that waits for the device does to a capture.
inline void wait_for_device() {
  if (capture_status == cudaStreamCaptureStatusActive) capture_status = cudaStreamCaptureStatusInvalidated;
}

inline std::atomic<int> captures = 0;       ///< Captures that LibTorch's allocator believes to last.
inline std::atomic<int> pools = 0;          ///< Uses of private memory that have not been released.
inline std::atomic<int> users_of_list = 0;  ///< Threads that use the generator's unlocked list of graphs.
inline std::atomic<int> collisions = 0;     ///< How often two did, or two captures lasted at once.

inline void use_list() {
  if (users_of_list++ > 0) ++collisions;
  std::this_thread::sleep_for(std::chrono::microseconds(100));
  --users_of_list;
}

}  // namespace cuda_emulation

inline cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = cuda_emulation::capture_status;
  return cudaSuccess;
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (cuda_emulation::capture_status != cudaStreamCaptureStatusNone) return cudaErrorInvalidValue;
  cuda_emulation::capture_status = cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

inline cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t*) {
  const auto status = std::exchange(cuda_emulation::capture_status, cudaStreamCaptureStatusNone);
  return status == cudaStreamCaptureStatusActive ? cudaSuccess : cudaErrorInvalidValue;
}

/// Two nodes in every graph.
inline cudaError_t cudaGraphGetNodes(cudaGraph_t, cudaGraphNode_t*, size_t* count) {
  *count = 2;
  return cudaSuccess;
}

namespace at::cuda {

class CUDAGraph {
 public:
  explicit CUDAGraph(bool keep_graph = false) : keep_graph_(keep_graph) {}

  void capture_begin(c10::MempoolId_t, cudaStreamCaptureMode mode) {
    cuda_emulation::use_list();
    if (cuda_emulation::captures++ > 0) ++cuda_emulation::collisions;
    ++cuda_emulation::pools;
    TORCH_CHECK(cudaStreamBeginCapture(nullptr, mode) == cudaSuccess, "cannot capture");
  }

  void capture_end() {
    cudaGraph_t graph = nullptr;
    TORCH_CHECK(cudaStreamEndCapture(nullptr, &graph) == cudaSuccess, "the capture was invalidated");
    --cuda_emulation::captures;
    capture_ended_ = true;
  }

  cudaGraph_t raw_cuda_graph() {
    TORCH_CHECK(capture_ended_ && keep_graph_, "the graph is gone");
    return nullptr;
  }

  void instantiate() { TORCH_CHECK(capture_ended_ && keep_graph_, "the graph is gone"); }

  void replay() { TORCH_CHECK(capture_ended_, "nothing was captured"); }

  c10::MempoolId_t pool() const {
    TORCH_CHECK(capture_ended_, "nothing was captured");
    return {1, 0};
  }

  ~CUDAGraph() {
    cuda_emulation::use_list();
    if (capture_ended_) --cuda_emulation::pools;
  }

 private:
  bool keep_graph_;
  bool capture_ended_ = false;
};

}  // namespace at::cuda
