#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include <functional>
#include <memory>

namespace reverse_distillation {

class RecordedWork;

/// Operations that need CUDA itself because LibTorch has no device-independent name for them. A build for
/// GPUs (native/core/cuda) provides them.
struct GpuBackend {
  /// See `record_work`.
  std::unique_ptr<RecordedWork> (*record)(const std::function<void()>& work, RecordedWork* beside,
                                          int warm_ups);

  /// A stream that belongs to one caller until it is given back. LibTorch's own streams are shared.
  c10::Stream (*take_stream)(c10::Device device);
  void (*give_back_stream)(c10::Stream stream);

  /// Bytes of a GPU's memory that its driver can still allocate.
  int64_t (*free_memory)(c10::Device device);
};

/// Null in builds for the CPU.
const GpuBackend* gpu_backend();

/// Makes the backend known if one is built in.
struct GpuBackendRegistration {
  explicit GpuBackendRegistration(const GpuBackend& backend);
};

}  // namespace reverse_distillation
