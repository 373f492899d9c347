#include "binding/cancel_token.h"

#include "binding/type_tag.h"

namespace reverse_distillation::binding {

namespace {
constexpr napi_type_tag kCancelTokenTag = {0x7d1c3a5be0f24c11, 0x9a4e6f2b8d3c5701};
}

Napi::Function CancelTokenWrap::define(Napi::Env env) {
  return DefineClass(env, "CancelToken", {InstanceMethod<&CancelTokenWrap::cancel>("cancel")});
}

CancelTokenWrap::CancelTokenWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  info.This().As<Napi::Object>().TypeTag(&kCancelTokenTag);
}

Napi::Value CancelTokenWrap::cancel(const Napi::CallbackInfo& info) {
  token_->cancel();
  return info.Env().Undefined();
}

std::shared_ptr<CancelToken> CancelTokenWrap::from(const Napi::Value& value) {
  return unwrap_tagged<CancelTokenWrap>(value, kCancelTokenTag, "CancelToken").token_;
}

}  // namespace reverse_distillation::binding
