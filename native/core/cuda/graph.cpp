#include "core/cuda/graph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <mutex>
#include <optional>

#include "core/error.h"
#include "core/out_of_memory.h"

namespace reverse_distillation::cuda {

namespace {

/// Watches only this thread: other threads of the process allocate and copy in the meantime.
constexpr cudaStreamCaptureMode kCaptureMode = cudaStreamCaptureModeThreadLocal;

/// Held from the beginning to the end of a capture, and while a graph is destroyed. Up to version 2.12
/// LibTorch enters every graph into a list of the device's random generator without a lock; and it cannot
/// release the memory that it keeps during a capture. Never destroyed: detectors may outlive statics.
std::mutex& one_at_a_time() {
  static std::mutex& instance = *new std::mutex;
  return instance;
}

class Graph : public RecordedWork {
 public:
  /// The caller holds `one_at_a_time`.
  Graph(const std::function<void()>& work, Graph* beside) {
    graph_->capture_begin(beside == nullptr ? c10::MempoolId_t{0, 0} : beside->graph_->pool(), kCaptureMode);
    try {
      work();
      if (status() == cudaStreamCaptureStatusInvalidated) {
        throw Error(ErrorCode::kInternal,
                    "the GPU's work could not be recorded: an operation waited for the device");
      }
    } catch (...) {
      abandon();
      throw;
    }
    graph_->capture_end();
    C10_CUDA_CHECK(cudaGraphGetNodes(graph_->raw_cuda_graph(), nullptr, &nodes_));
    graph_->instantiate();
  }

  ~Graph() override {
    const std::lock_guard lock(one_at_a_time());
    graph_.reset();
  }

  void replay() override { graph_->replay(); }
  size_t nodes() const override { return nodes_; }

 private:
  static cudaStreamCaptureStatus status() {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    C10_CUDA_CHECK(cudaStreamIsCapturing(c10::cuda::getCurrentCUDAStream(), &status));
    return status;
  }

  /// Ends a failed capture, so that the stream and LibTorch's allocators can be used again. LibTorch puts
  /// them in order in `capture_end`, but not if CUDA has invalidated the capture; such a capture is ended
  /// here and an empty one begun in its place, which `capture_end` can end.
  void abandon() noexcept {
    try {
      if (status() == cudaStreamCaptureStatusInvalidated) {
        const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
        cudaGraph_t none = nullptr;
        cudaStreamEndCapture(stream, &none);  // Fails, but ends the capture.
        cudaGetLastError();                   // That failure is none of the next call's.
        C10_CUDA_CHECK(cudaStreamBeginCapture(stream, kCaptureMode));
      }
      graph_->capture_end();
    } catch (const c10::Error&) {
      return;  // The device itself has failed, and the caller hears of that from every later call.
    }
  }

  /// Always there until destroyed, which must happen under the lock.
  std::optional<at::cuda::CUDAGraph> graph_{std::in_place, /*keep_graph=*/true};
  size_t nodes_ = 0;
};

}  // namespace

std::unique_ptr<RecordedWork> record_graph(const std::function<void()>& work, RecordedWork* beside,
                                           int warm_ups) {
  for (int i = 0; i < warm_ups; ++i) work();
  C10_CUDA_CHECK(cudaStreamSynchronize(c10::cuda::getCurrentCUDAStream()));
  const std::lock_guard lock(one_at_a_time());
  release_kept_memory();
  return std::make_unique<Graph>(work, static_cast<Graph*>(beside));
}

}  // namespace reverse_distillation::cuda
