#include "core/recorded_work.h"

#include <ATen/cuda/CUDAGraph.h>

namespace reverse_distillation {

namespace {

class CudaGraphWork : public RecordedWork {
 public:
  explicit CudaGraphWork(const std::function<void()>& work) {
    // Watches this thread alone: other threads of the process allocate and copy meanwhile.
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      end_quietly();
      throw;
    }
    graph_.capture_end();
  }

  void replay() override { graph_.replay(); }

 private:
  /// Ends a capture that has failed, so that the stream can be used again.
  void end_quietly() {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
      return;  // The capture was invalid, which is why it is thrown away.
    }
  }

  at::cuda::CUDAGraph graph_;
};

std::unique_ptr<RecordedWork> record_cuda_graph(const std::function<void()>& work) {
  return std::make_unique<CudaGraphWork>(work);
}

const RecorderRegistration registration(record_cuda_graph);

}  // namespace

}  // namespace reverse_distillation
