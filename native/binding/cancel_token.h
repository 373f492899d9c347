#pragma once

#include <napi.h>

#include <memory>

#include "core/cancel_token.h"

namespace reverse_distillation::binding {

/// `CancelToken` of lib/native/addon.ts.
class CancelTokenWrap : public Napi::ObjectWrap<CancelTokenWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CancelTokenWrap(const Napi::CallbackInfo& info);

  /// The token that a JavaScript value wraps. Throws a Napi::TypeError for any other value.
  static std::shared_ptr<CancelToken> from(const Napi::Value& value);

 private:
  Napi::Value cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<CancelToken> token_ = std::make_shared<CancelToken>();
};

}  // namespace reverse_distillation::binding
