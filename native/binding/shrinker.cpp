#include "binding/shrinker.h"

#include "binding/convert.h"
#include "core/device.h"
#include "pipeline/fit.h"

namespace reverse_distillation::binding {

namespace {

class ShrinkJob : public Job {
 public:
  ShrinkJob(Napi::Env env, const Napi::Object& shrinker, const Napi::Object& image, const Frame& frame)
      : Job(env), pixels_(to_pixel_view(image)), frame_(frame) {
    keep(shrinker);
    keep(image.Get("data").As<Napi::Object>());
  }

 protected:
  void execute() override {
    set_threads(1);  // The batch that is being computed needs the other cores.
    const at::Tensor resized = fit_values(pixels_, frame_);
    shrunk_ = shares_memory(resized, pixels_) ? resized.clone() : resized;
  }

  Napi::Value result(Napi::Env env) override { return from_resized(env, shrunk_); }

 private:
  PixelView pixels_;
  Frame frame_;
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
      frame_(to_frame(info[0].As<Napi::Object>())),
      thread_(guarded(info.Env(), [&] { return JobThread(Environment::of(info.Env())); })) {}

Napi::Value ShrinkerWrap::shrink(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return thread_.submit(
        std::make_shared<ShrinkJob>(info.Env(), Value(), info[0].As<Napi::Object>(), frame_));
  });
}

Napi::Value ShrinkerWrap::dispose(const Napi::CallbackInfo& info) {
  thread_.finish();
  return info.Env().Undefined();
}

}  // namespace reverse_distillation::binding
