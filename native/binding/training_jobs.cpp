#include "binding/training_jobs.h"

#include "binding/convert.h"

namespace reverse_distillation::binding {

BeginTrainingJob::BeginTrainingJob(Napi::Env env, ModelWrap& model, std::shared_ptr<const ImageSet> images,
                                   const Napi::Object& config, const Napi::Value& state)
    : ModelJob(env, model, config.Get("threads").ToNumber().Int32Value()),
      images_(std::move(images)),
      config_(to_training_config(config)) {
  if (!state.IsUndefined()) state_ = lend_tensors(state.As<Napi::Array>());
}

void ContinueTrainingJob::work() {
  progress_ = detector().continue_training(epochs_, cancel_token(), *pause_,
                                           [this](const EpochReport& epoch) { report(epoch); });
}

Napi::Value ContinueTrainingJob::result(Napi::Env env) { return from_training_progress(env, progress_); }

Napi::Value TrainingStateJob::result(Napi::Env env) { return from_named_tensors(env, state_); }

}  // namespace reverse_distillation::binding
