#include "binding/shrinker.h"

#include "binding/convert.h"
#include "core/device.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation::binding {

namespace {

class ShrinkJob : public Job {
 public:
  ShrinkJob(Napi::Env env, const Napi::Object& shrinker, const Napi::Object& image, int64_t height,
            int64_t width)
      : Job(env), pixels_(to_pixel_view(image)), height_(height), width_(width) {
    keep(shrinker);
    keep(image.Get("data").As<Napi::Object>());
  }

 protected:
  void execute() override {
    set_threads(1);  // The batch that is being computed needs the other cores.
    const at::Tensor resized = resize_values(pixels_, height_, width_);
    shrunk_ = resized.const_data_ptr() == pixels_.data ? resized.clone() : resized;
  }

  Napi::Value result(Napi::Env env) override { return from_resized(env, shrunk_); }

 private:
  PixelView pixels_;
  int64_t height_;
  int64_t width_;
  at::Tensor shrunk_;
};

}  // namespace

Napi::Function ShrinkerWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Shrinker",
      {InstanceMethod<&ShrinkerWrap::shrink>("shrink"), InstanceMethod<&ShrinkerWrap::dispose>("dispose")});
}

ShrinkerWrap::ShrinkerWrap(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      height_(info[0].ToNumber().Int64Value()),
      width_(info[1].ToNumber().Int64Value()),
      thread_(guarded(info.Env(), [&] { return JobThread(Environment::of(info.Env())); })) {}

Napi::Value ShrinkerWrap::shrink(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return thread_.submit(
        std::make_shared<ShrinkJob>(info.Env(), Value(), info[0].As<Napi::Object>(), height_, width_));
  });
}

Napi::Value ShrinkerWrap::dispose(const Napi::CallbackInfo& info) {
  thread_.finish();
  return info.Env().Undefined();
}

}  // namespace reverse_distillation::binding
