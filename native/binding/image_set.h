#pragma once

#include <napi.h>

#include <memory>

#include "binding/job_thread.h"
#include "pipeline/image_set.h"

namespace reverse_distillation::binding {

/// `ImageSet` of lib/native/addon.ts.
class ImageSetWrap : public Napi::ObjectWrap<ImageSetWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ImageSetWrap(const Napi::CallbackInfo& info);

  /// The images that a JavaScript value wraps; the set accepts no more from then on. Throws a Napi::Error for
  /// any other value, for a set that has been disposed of, and while an image is being added.
  static std::shared_ptr<const ImageSet> freeze(const Napi::Value& value);

 private:
  friend class AddJob;

  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value take_out(const Napi::CallbackInfo& info);
  Napi::Value set_levels(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);
  Napi::Value length(const Napi::CallbackInfo& info);

  std::shared_ptr<ImageSet> images_;
  int64_t adding_ = 0;
  int64_t added_ = 0;
  bool frozen_ = false;
  JobThread thread_;
};

}  // namespace reverse_distillation::binding
