#pragma once

#include <napi.h>

#include "binding/job_thread.h"
#include "pipeline/regions.h"

namespace reverse_distillation::binding {

/// `MapWorker` of lib/native/addon.ts.
class MapWorkerWrap : public Napi::ObjectWrap<MapWorkerWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit MapWorkerWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value find_regions(const Napi::CallbackInfo& info);
  Napi::Value resize(const Napi::CallbackInfo& info);

  RegionFinder regions_;  ///< For the thread.
  JobThread thread_;
};

}  // namespace reverse_distillation::binding
