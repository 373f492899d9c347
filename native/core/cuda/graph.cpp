#include "core/cuda/graph.h"

#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <torch/headeronly/version.h>

#include <mutex>
#include <set>

#include "core/out_of_memory.h"

namespace reverse_distillation::cuda {

namespace {

/// LibTorch before 2.13 notes every graph with its device's default random generator, without a lock, and
/// frees what replays use as soon as no graph is noted. So one recording begins, ends or is destroyed at a
/// time, and a graph that never ends is noted first.
class Registry {
 public:
  static Registry& instance() {
    static Registry& registry = *new Registry;  // Never destroyed: detectors may outlive statics.
    return registry;
  }

  /// Held while a graph begins, is recorded, ends, or is destroyed.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  /// To be called before the first recording on a device, under the lock.
  void note_first_graph([[maybe_unused]] c10::DeviceIndex device) {
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 13
    if (!noted_.insert(device).second) return;
    at::get_generator_or_default<at::CUDAGeneratorImpl>(std::nullopt,
                                                        at::cuda::detail::getDefaultCUDAGenerator(device))
        ->register_graph(new at::cuda::CUDAGraph);
#endif
  }

 private:
  std::mutex mutex_;
  std::set<c10::DeviceIndex> noted_;
};

class Graph : public RecordedWork {
 public:
  Graph(const std::function<void()>& work, Graph* beside)
      : device_(c10::cuda::current_device()),
        pool_(beside == nullptr ? at::cuda::graph_pool_handle() : beside->pool_) {
    const auto lock = Registry::instance().lock();
    try {
      Registry::instance().note_first_graph(device_);
      record(work);
    } catch (...) {
      graph_.reset();  // Under the lock.
      throw;
    }
  }

  ~Graph() override {
    const auto lock = Registry::instance().lock();
    graph_.reset();
  }

  void replay() override { graph_->replay(); }
  size_t nodes() const override { return nodes_; }

 private:
  void record(const std::function<void()>& work) {
    graph_ = std::make_unique<at::cuda::CUDAGraph>(/*keep_graph=*/true);
    // Watches only this thread: other threads of the process allocate and copy in the meantime.
    graph_->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      abandon();
      throw;
    }
    try {
      graph_->capture_end();
    } catch (...) {
      stop_allocating();
      throw;
    }
    C10_CUDA_CHECK(cudaGraphGetNodes(graph_->raw_cuda_graph(), nullptr, &nodes_));
    graph_->instantiate();
  }

  /// Ends a recording whose work has thrown, so that stream and allocator can be used again.
  void abandon() {
    try {
      graph_->capture_end();
    } catch (const c10::Error&) {
      stop_allocating();
    }
  }

  /// LibTorch forgets this if CUDA refuses to end a recording: every later allocation of the process would
  /// ask whether it belongs to a graph that is gone.
  void stop_allocating() {
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(device_, pool_);
    } catch (const c10::Error&) {
      return;  // It has ended.
    }
    c10::cuda::CUDACachingAllocator::releasePool(device_, pool_);
  }

  c10::DeviceIndex device_;
  c10::MempoolId_t pool_;
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
  size_t nodes_ = 0;
};

}  // namespace

std::unique_ptr<RecordedWork> record_graph(const std::function<void()>& work, RecordedWork* beside) {
  release_kept_memory();
  return std::make_unique<Graph>(work, static_cast<Graph*>(beside));
}

}  // namespace reverse_distillation::cuda
