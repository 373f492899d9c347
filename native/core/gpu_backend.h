#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <functional>
#include <memory>

namespace reverse_distillation {

class RecordedWork;

/// What takes CUDA itself, since LibTorch has no name for it that holds on every device: a build for GPUs
/// (native/core/cuda) fills it in.
struct GpuBackend {
  /// See `record_work`.
  std::unique_ptr<RecordedWork> (*record)(const std::function<void()>& work, RecordedWork* beside);

  /// A stream that is nobody else's until it is given back: LibTorch hands its own out to several.
  c10::Stream (*take_stream)(c10::Device device);
  void (*give_back_stream)(c10::Stream stream);

  /// Bytes of a GPU's memory that its driver could still give.
  int64_t (*free_memory)(c10::Device device);
};

/// Null in builds for the CPU.
const GpuBackend* gpu_backend();

/// Makes the backend known, where one is built in.
struct GpuBackendRegistration {
  explicit GpuBackendRegistration(const GpuBackend& backend);
};

}  // namespace reverse_distillation
