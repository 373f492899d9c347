#include "core/cuda/graph.h"

#include <ATen/cuda/CUDAGraph.h>

#include "core/out_of_memory.h"

namespace reverse_distillation::cuda {

namespace {

class Graph : public RecordedWork {
 public:
  Graph(const std::function<void()>& work, Graph* beside) {
    // Watches only this thread: other threads of the process allocate and copy in the meantime.
    graph_.capture_begin(beside == nullptr ? c10::MempoolId_t{0, 0} : beside->graph_.pool(),
                         cudaStreamCaptureModeThreadLocal);
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
  /// Ends a failed capture, so that the stream can be used again.
  void end_quietly() {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
      return;  // The capture is invalid and is thrown away.
    }
  }

  at::cuda::CUDAGraph graph_;
};

}  // namespace

std::unique_ptr<RecordedWork> record_graph(const std::function<void()>& work, RecordedWork* beside) {
  release_kept_memory();
  return std::make_unique<Graph>(work, static_cast<Graph*>(beside));
}

}  // namespace reverse_distillation::cuda
