#pragma once

#include <napi.h>

#include "binding/job_thread.h"

namespace reverse_distillation::binding {

/// `Shrinker` of lib/native/addon.ts.
class ShrinkerWrap : public Napi::ObjectWrap<ShrinkerWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ShrinkerWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value shrink(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  int64_t height_;
  int64_t width_;
  JobThread thread_;
};

}  // namespace reverse_distillation::binding
