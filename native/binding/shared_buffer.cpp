#include "binding/shared_buffer.h"

#include <cstring>
#include <memory>

namespace reverse_distillation::binding {

namespace {

/// What an external ArrayBuffer keeps alive.
struct SharedTensor {
  at::Tensor tensor;
  std::atomic<int64_t>* alive;
  int64_t bytes;

  SharedTensor(const at::Tensor& shared, std::atomic<int64_t>* counter)
      : tensor(shared), alive(counter), bytes(static_cast<int64_t>(shared.nbytes())) {
    if (alive != nullptr) ++*alive;
  }
  ~SharedTensor() {
    if (alive != nullptr) --*alive;
  }
};

void release(napi_env env, void*, void* hint) {
  const std::unique_ptr<SharedTensor> shared(static_cast<SharedTensor*>(hint));
  int64_t adjusted = 0;
  napi_adjust_external_memory(env, -shared->bytes, &adjusted);
}

}  // namespace

Napi::ArrayBuffer share_tensor(Napi::Env env, const at::Tensor& tensor, std::atomic<int64_t>* alive) {
  auto shared = std::make_unique<SharedTensor>(tensor, alive);
  const size_t bytes = tensor.nbytes();
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(env, tensor.data_ptr(), bytes, release, shared.get(), &buffer);
  if (status == napi_no_external_buffers_allowed) {
    Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, bytes);
    std::memcpy(copy.Data(), tensor.data_ptr(), bytes);
    return copy;
  }
  NAPI_THROW_IF_FAILED(env, status, Napi::ArrayBuffer());
  // The garbage collector sees a small object: tell it how much memory hangs on it.
  int64_t adjusted = 0;
  napi_adjust_external_memory(env, shared.release()->bytes, &adjusted);
  return {env, buffer};
}

}  // namespace reverse_distillation::binding
