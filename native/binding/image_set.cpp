#include "binding/image_set.h"

#include "binding/convert.h"
#include "binding/lent_pixels.h"
#include "binding/type_tag.h"
#include "core/device.h"
#include "core/error.h"

namespace reverse_distillation::binding {

namespace {
constexpr napi_type_tag kImageSetTag = {0x4be21f0c9d7a4e53, 0x8c16d2f7a05b3e92};
}

class AddJob : public Job {
 public:
  AddJob(Napi::Env env, ImageSetWrap& set, const Napi::Object& image)
      : Job(env), set_(set), images_(set.images_), pixels_(*this, image) {
    keep(set.Value());
    ++set_.adding_;
  }

  ~AddJob() override { --set_.adding_; }

 protected:
  void execute() override {
    set_threads(1);  // Decoding needs the other cores.
    images_->add(pixels_.view());
  }

  Napi::Value result(Napi::Env env) override {
    ++set_.added_;
    return env.Undefined();
  }

 private:
  ImageSetWrap& set_;
  std::shared_ptr<ImageSet> images_;
  LentPixels pixels_;
};

Napi::Function ImageSetWrap::define(Napi::Env env) {
  return DefineClass(
      env, "ImageSet",
      {InstanceMethod<&ImageSetWrap::add>("add"), InstanceMethod<&ImageSetWrap::set_levels>("setLevels"),
       InstanceMethod<&ImageSetWrap::take_out>("takeOut"), InstanceMethod<&ImageSetWrap::dispose>("dispose"),
       InstanceAccessor<&ImageSetWrap::length>("length")});
}

ImageSetWrap::ImageSetWrap(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      images_(guarded(info.Env(),
                      [&] { return std::make_shared<ImageSet>(to_frame(info[0].As<Napi::Object>())); })),
      thread_(guarded(info.Env(), [&] { return JobThread(Environment::of(info.Env())); })) {
  info.This().As<Napi::Object>().TypeTag(&kImageSetTag);
}

Napi::Value ImageSetWrap::add(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!images_ || frozen_) throw Error(ErrorCode::kDisposed, "The image set accepts no more images.");
    return thread_.submit(std::make_shared<AddJob>(info.Env(), *this, info[0].As<Napi::Object>()));
  });
}

Napi::Value ImageSetWrap::set_levels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!images_ || frozen_ || adding_ > 0) throw Error(ErrorCode::kDisposed, "The image set is in use.");
    images_->set_levels(info[0].ToNumber().DoubleValue(), info[1].ToNumber().DoubleValue());
    return info.Env().Undefined();
  });
}

Napi::Value ImageSetWrap::take_out(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!images_ || frozen_ || adding_ > 0) throw Error(ErrorCode::kDisposed, "The image set is in use.");
    const std::vector<ImageSet::Image> taken = images_->take_out(to_integers(info[0].As<Napi::Array>()));
    added_ = images_->images();
    Napi::Array images = Napi::Array::New(info.Env(), taken.size());
    for (uint32_t i = 0; i < taken.size(); ++i) {
      Napi::Object image = from_resized(info.Env(), taken[i].values);
      image.Set("black", taken[i].black);
      image.Set("white", taken[i].white);
      images.Set(i, image);
    }
    return static_cast<Napi::Value>(images);
  });
}

Napi::Value ImageSetWrap::dispose(const Napi::CallbackInfo& info) {
  images_.reset();
  thread_.finish();
  return info.Env().Undefined();
}

Napi::Value ImageSetWrap::length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(added_));
}

std::shared_ptr<const ImageSet> ImageSetWrap::freeze(const Napi::Value& value) {
  ImageSetWrap& set = unwrap_tagged<ImageSetWrap>(value, kImageSetTag, "ImageSet");
  if (!set.images_) throw Error(ErrorCode::kDisposed, "The image set has been disposed of.");
  if (set.adding_ > 0) throw Error(ErrorCode::kInvalidArgument, "Images are still being added to the set.");
  set.frozen_ = true;
  return set.images_;
}

}  // namespace reverse_distillation::binding
