#pragma once

#include <napi.h>

#include "binding/job_thread.h"
#include "pipeline/fit.h"

namespace reverse_distillation::binding {

/// `Shrinker` of lib/native/addon.ts.
class ShrinkerWrap : public Napi::ObjectWrap<ShrinkerWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ShrinkerWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value shrink(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  Frame frame_;
  JobThread thread_;
};

}  // namespace reverse_distillation::binding
