#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

#include <atomic>

namespace reverse_distillation::binding {

/// An ArrayBuffer over the memory of a contiguous CPU tensor, which lives until the buffer is collected.
/// Counts in `alive`, if given, for that long. Where the runtime forbids external buffers (Electron), a copy.
Napi::ArrayBuffer share_tensor(Napi::Env env, const at::Tensor& tensor, std::atomic<int64_t>* alive);

}  // namespace reverse_distillation::binding
