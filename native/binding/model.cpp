#include "binding/model.h"

#include "binding/cancel_token.h"
#include "binding/convert.h"
#include "binding/image_set.h"
#include "binding/lent_pixels.h"
#include "binding/model_jobs.h"
#include "binding/training_jobs.h"

namespace reverse_distillation::binding {

std::atomic<int64_t> ModelWrap::live_models{0};
std::atomic<int64_t> ModelWrap::live_maps{0};

Napi::Function ModelWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Model",
      {StaticMethod<&ModelWrap::create>("create"), InstanceAccessor<&ModelWrap::config>("config"),
       InstanceMethod<&ModelWrap::outline>("outline"), InstanceMethod<&ModelWrap::tensors>("tensors"),
       InstanceMethod<&ModelWrap::load>("load"), InstanceMethod<&ModelWrap::train>("train"),
       InstanceMethod<&ModelWrap::begin_training>("beginTraining"),
       InstanceMethod<&ModelWrap::continue_training>("continueTraining"),
       InstanceMethod<&ModelWrap::training_state>("trainingState"),
       InstanceMethod<&ModelWrap::end_training>("endTraining"), InstanceMethod<&ModelWrap::score>("score"),
       InstanceMethod<&ModelWrap::observe>("observe"),
       InstanceMethod<&ModelWrap::activation_ranges>("activationRanges"),
       InstanceMethod<&ModelWrap::allocate_pixels>("allocatePixels"),
       InstanceMethod<&ModelWrap::trace>("trace"),
       InstanceAccessor<&ModelWrap::last_transfer>("lastTransfer"),
       InstanceMethod<&ModelWrap::dispose>("dispose")});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info)
    : ObjectWrap(info), thread_(guarded(info.Env(), [&] { return JobThread(Environment::of(info.Env())); })) {
  guarded(info.Env(), [&] { config_ = to_model_config(info[0].As<Napi::Object>()); });
}

Napi::Value ModelWrap::create(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    ModelWrap& model = *Unwrap(info.This().As<Napi::Function>().New({info[0]}));
    return model.submit(std::make_shared<CreateJob>(info.Env(), model));
  });
}

Napi::Value ModelWrap::config(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return from_model_config(info.Env(), config_); });
}

void ModelWrap::require_alive() const {
  if (!disposal_.IsEmpty()) throw Error(ErrorCode::kDisposed, "The model has been disposed of.");
}

Napi::Value ModelWrap::outline(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    Napi::Array array = Napi::Array::New(info.Env());
    for (const NamedTensor& tensor : detector_->outline(to_part(info[0]))) {
      array.Set(array.Length(), from_outline(info.Env(), tensor));
    }
    return array;
  });
}

Napi::Value ModelWrap::tensors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<TensorsJob>(info.Env(), *this, to_part(info[0])));
  });
}

Napi::Value ModelWrap::load(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<LoadJob>(info.Env(), *this, to_part(info[0]), info[1].As<Napi::Array>()));
  });
}

Napi::Value ModelWrap::train(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<TrainJob>(info.Env(), *this, ImageSetWrap::freeze(info[0]),
                                             info[1].As<Napi::Object>(), CancelTokenWrap::from(info[2]),
                                             info[3].As<Napi::Function>()));
  });
}

Napi::Value ModelWrap::begin_training(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<BeginTrainingJob>(info.Env(), *this, ImageSetWrap::freeze(info[0]),
                                                     info[1].As<Napi::Object>(), info[2]));
  });
}

Napi::Value ModelWrap::continue_training(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<ContinueTrainingJob>(
        info.Env(), *this, info[0].ToNumber().Int64Value(), info[1].ToNumber().Int32Value(),
        CancelTokenWrap::from(info[2]), CancelTokenWrap::from(info[3]), info[4].As<Napi::Function>()));
  });
}

Napi::Value ModelWrap::training_state(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<TrainingStateJob>(info.Env(), *this));
  });
}

Napi::Value ModelWrap::end_training(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<EndTrainingJob>(info.Env(), *this));
  });
}

Napi::Value ModelWrap::score(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<ScoreJob>(info.Env(), *this, info[0].As<Napi::Array>(),
                                             info[1].ToNumber().Int32Value(),
                                             CancelTokenWrap::from(info[2])));
  });
}

Napi::Value ModelWrap::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<ObserveJob>(info.Env(), *this, info[0].As<Napi::Array>(),
                                               info[1].ToNumber().Int32Value(),
                                               CancelTokenWrap::from(info[2])));
  });
}

Napi::Value ModelWrap::activation_ranges(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<ActivationRangesJob>(info.Env(), *this));
  });
}

Napi::Value ModelWrap::allocate_pixels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    const at::Tensor pixels = detector_->allocate_pixels(info[0].ToNumber().Int64Value());
    Napi::ArrayBuffer buffer = share_pixels(info.Env(), pixels);
    return Napi::Uint8Array::New(info.Env(), buffer.ByteLength(), buffer, 0);
  });
}

Napi::Value ModelWrap::trace(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    require_alive();
    return submit(std::make_shared<TraceJob>(info.Env(), *this, info[0].As<Napi::Array>(), to_loss(info[1]),
                                             info[2].ToNumber().Int32Value()));
  });
}

Napi::Value ModelWrap::last_transfer(const Napi::CallbackInfo& info) {
  const auto address = [&](const void* pointer) {
    return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(pointer)));
  };
  Napi::Object value = Napi::Object::New(info.Env());
  value.Set("pixels", address(last_pixels_));
  value.Set("map", address(last_map_));
  return value;
}

Napi::Value ModelWrap::dispose(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (disposal_.IsEmpty()) {
      disposal_ =
          Napi::Persistent(submit(std::make_shared<DisposeJob>(info.Env(), *this)).As<Napi::Object>());
      thread_.finish();
    }
    return disposal_.Value();
  });
}

}  // namespace reverse_distillation::binding
