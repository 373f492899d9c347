#include "binding/model_jobs.h"

#include "binding/convert.h"
#include "binding/shared_buffer.h"
#include "core/device.h"

namespace reverse_distillation::binding {

ModelJob::ModelJob(Napi::Env env, ModelWrap& model, int threads)
    : Job(env), model_(model), threads_(threads) {
  keep(model.Value());
}

void ModelJob::execute() {
  cancel_token().throw_if_cancelled();
  set_threads(threads_);
  work();
}

Detector& ModelJob::detector() const {
  if (!model_.detector_) throw Error(ErrorCode::kDisposed, "The model has been disposed of.");
  return *model_.detector_;
}

std::vector<PixelView> ModelJob::lend_images(const Napi::Array& images) {
  std::vector<PixelView> views;
  const bool pinned = model_.config_.device != "cpu";
  for (uint32_t i = 0; i < images.Length(); ++i) {
    views.push_back(lent_.emplace_back(*this, images.Get(i).As<Napi::Object>(), pinned).view());
  }
  return views;
}

void CreateJob::work() {
  model_.detector_ = std::shared_ptr<Detector>(new Detector(model_.config_), [](Detector* detector) {
    delete detector;
    --ModelWrap::live_models;
  });
  ++ModelWrap::live_models;
}

std::vector<NamedTensor> ModelJob::lend_tensors(const Napi::Array& tensors) {
  std::vector<NamedTensor> lent;
  for (uint32_t i = 0; i < tensors.Length(); ++i) {
    const auto tensor = tensors.Get(i).As<Napi::Object>();
    lent.push_back(to_named_tensor(tensor));
    keep(tensor.Get("data").As<Napi::Object>());
  }
  return lent;
}

LoadJob::LoadJob(Napi::Env env, ModelWrap& model, Part part, const Napi::Array& tensors)
    : ModelJob(env, model, 0), part_(part), state_(lend_tensors(tensors)) {}

ReportingJob::ReportingJob(Napi::Env env, ModelWrap& model, int threads, std::shared_ptr<CancelToken> cancel,
                           const Napi::Function& on_epoch)
    : ModelJob(env, model, threads),
      on_epoch_(Napi::Persistent(on_epoch)),
      environment_(Environment::of(env)) {
  set_cancel_token(std::move(cancel));
}

TrainJob::TrainJob(Napi::Env env, ModelWrap& model, std::shared_ptr<const ImageSet> images,
                   const Napi::Object& config, std::shared_ptr<CancelToken> cancel,
                   const Napi::Function& on_epoch)
    : ReportingJob(env, model, config.Get("threads").ToNumber().Int32Value(), std::move(cancel), on_epoch),
      images_(std::move(images)),
      config_(to_training_config(config)) {}

void TrainJob::work() {
  detector().train(*images_, config_, cancel_token(), [this](const EpochReport& epoch) { report(epoch); });
}

void ReportingJob::report(const EpochReport& epoch) {
  // The job outlives its reports: a later message settles it.
  environment_->post([this, epoch](Napi::Env env) {
    try {
      on_epoch_.Call({from_report(env, epoch)});
    } catch (const Napi::Error& error) {
      fail_with(error);
    }
  });
}

ScoreJob::ScoreJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, int threads,
                   std::shared_ptr<CancelToken> cancel)
    : ModelJob(env, model, threads), images_(lend_images(images)) {
  set_cancel_token(std::move(cancel));
}

void ScoreJob::work() { scored_ = detector().score_images(images_); }

Napi::Value ScoreJob::result(Napi::Env env) {
  Napi::Array results = Napi::Array::New(env, scored_.size());
  for (uint32_t i = 0; i < scored_.size(); ++i) {
    const auto& [map, score, statistics] = scored_[i];
    Napi::ArrayBuffer buffer = share_tensor(env, map, &ModelWrap::live_maps);
    Napi::Object result = Napi::Object::New(env);
    result.Set("score", score.item<float>());
    result.Set("image", from_statistics(env, statistics));
    result.Set("map", Napi::Float32Array::New(env, static_cast<size_t>(map.numel()), buffer, 0));
    result.Set("height", static_cast<double>(map.size(0)));
    result.Set("width", static_cast<double>(map.size(1)));
    results.Set(i, result);
  }
  if (!scored_.empty()) {
    model_.last_pixels_ = images_[0].data;
    model_.last_map_ = scored_[0].map.data_ptr();
  }
  return results;
}

ObserveJob::ObserveJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, int threads,
                       std::shared_ptr<CancelToken> cancel)
    : ModelJob(env, model, threads), images_(lend_images(images)) {
  set_cancel_token(std::move(cancel));
}

Napi::Value ActivationRangesJob::result(Napi::Env env) {
  Napi::Array ranges = Napi::Array::New(env, ranges_.size());
  for (uint32_t i = 0; i < ranges_.size(); ++i) ranges.Set(i, ranges_[i]);
  return ranges;
}

TraceJob::TraceJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, Loss loss, int threads)
    : ModelJob(env, model, threads), images_(lend_images(images)), loss_(loss) {}

Napi::Value TraceJob::result(Napi::Env env) { return from_named_tensors(env, traced_); }

void DisposeJob::work() { model_.detector_.reset(); }

}  // namespace reverse_distillation::binding
