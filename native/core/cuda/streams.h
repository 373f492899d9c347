#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

namespace reverse_distillation::cuda {

/// See `GpuBackend`. Returned streams are handed out again and never destroyed, since LibTorch keeps a
/// workspace for every stream that it sees. Any thread.
c10::Stream take_stream(c10::Device device);
void give_back_stream(c10::Stream stream);

}  // namespace reverse_distillation::cuda
