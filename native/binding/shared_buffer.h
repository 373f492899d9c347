#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

#include <atomic>

namespace reverse_distillation::binding {

/// An ArrayBuffer over the memory of a contiguous CPU tensor, which lives until the buffer is collected and
/// is counted in `alive`, if given, until then. A copy if the runtime forbids external buffers (Electron).
Napi::ArrayBuffer share_tensor(Napi::Env env, const at::Tensor& tensor, std::atomic<int64_t>* alive);

}  // namespace reverse_distillation::binding
