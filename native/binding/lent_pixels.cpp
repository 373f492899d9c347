#include "binding/lent_pixels.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "binding/convert.h"
#include "binding/shared_buffer.h"

namespace reverse_distillation::binding {

namespace {

constexpr napi_type_tag kLentPixelsTag = {0x2f6d0c8e51b94a37, 0xb3e7491d60f8a25c};

/// The tensor of `share_pixels` behind the buffer; undefined if there is none.
at::Tensor tensor_of(const Napi::ArrayBuffer& buffer) {
  if (!buffer.CheckTypeTag(&kLentPixelsTag)) return {};
  void* tensor = nullptr;
  if (napi_unwrap(buffer.Env(), buffer, &tensor) != napi_ok) return {};
  return *static_cast<const at::Tensor*>(tensor);
}

at::Tensor copy_of(const uint8_t* data, size_t bytes, bool pinned) {
  const auto options = at::TensorOptions(at::kByte).pinned_memory(pinned);
  at::Tensor copy = at::empty({static_cast<int64_t>(bytes)}, options);
  std::memcpy(copy.data_ptr(), data, bytes);
  return copy;
}

}  // namespace

Napi::ArrayBuffer share_pixels(Napi::Env env, const at::Tensor& pixels) {
  Napi::ArrayBuffer buffer = share_tensor(env, pixels, nullptr);
  if (buffer.Data() != pixels.data_ptr()) return buffer;
  auto held = std::make_unique<at::Tensor>(pixels);
  const auto release = [](napi_env, void* tensor, void*) { delete static_cast<at::Tensor*>(tensor); };
  NAPI_THROW_IF_FAILED(env, napi_wrap(env, buffer, held.get(), release, nullptr, nullptr), buffer);
  held.release();
  buffer.TypeTag(&kLentPixelsTag);
  return buffer;
}

LentPixels::LentPixels(Job& job, const Napi::Object& image, bool pinned)
    : view_(to_pixel_view(image)), pool_(MemoryPool::shared()) {
  // No caller has seen the mask.
  if (!view_.mask.empty()) job.keep(image.Get("mask").As<Napi::Object>());
  const auto array = image.Get("data").As<Napi::TypedArray>();
  memory_ = tensor_of(array.ArrayBuffer());
  if (memory_.defined()) return;
  if (image.Get("own").ToBoolean()) {
    job.keep(array);
    return;
  }
  const MemoryPool::Scope scope(*pool_);
  memory_ = copy_of(view_.data, array.ByteLength(), pinned);
  view_.data = memory_.const_data_ptr<uint8_t>();
}

LentPixels::~LentPixels() {
  if (pool_ == nullptr) return;  // It was moved from.
  const MemoryPool::Scope scope(*pool_);
  memory_.reset();
}

}  // namespace reverse_distillation::binding
