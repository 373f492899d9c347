#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <napi.h>

#include <atomic>
#include <memory>
#include <vector>

namespace reverse_distillation::binding {

/// An ArrayBuffer over the memory of a contiguous CPU tensor, which lives until the buffer is collected and
/// is counted in `alive`, if given, until then. A copy if the runtime forbids external buffers (Electron).
Napi::ArrayBuffer share_tensor(Napi::Env env, const at::Tensor& tensor, std::atomic<int64_t>* alive);

/// A typed array over the memory of a vector, as `share_tensor` shares it.
template <typename T>
Napi::TypedArrayOf<T> share_array(Napi::Env env, std::vector<T>&& values) {
  const size_t length = values.size();
  if (length == 0) return Napi::TypedArrayOf<T>::New(env, 0);
  const auto held = std::make_shared<std::vector<T>>(std::move(values));
  const at::Tensor bytes = at::from_blob(
      held->data(), {static_cast<int64_t>(length * sizeof(T))}, [held](void*) {}, at::kByte);
  return Napi::TypedArrayOf<T>::New(env, length, share_tensor(env, bytes, nullptr), 0);
}

}  // namespace reverse_distillation::binding
