#pragma once

#include <optional>

#include "binding/model_jobs.h"

namespace reverse_distillation::binding {

// The steps of a training that can pause and be saved; see `NativeModel` of lib/native/addon.ts.

class BeginTrainingJob : public ModelJob {
 public:
  /// state: an array of tensors, or undefined.
  BeginTrainingJob(Napi::Env env, ModelWrap& model, std::shared_ptr<const ImageSet> images,
                   const Napi::Object& config, const Napi::Value& state);

 protected:
  void work() override { detector().begin_training(images_, config_, state_ ? &*state_ : nullptr); }

 private:
  std::shared_ptr<const ImageSet> images_;
  TrainingConfig config_;
  std::optional<std::vector<NamedTensor>> state_;
};

/// Resolves to how far the training has come.
class ContinueTrainingJob : public ReportingJob {
 public:
  ContinueTrainingJob(Napi::Env env, ModelWrap& model, int64_t epochs, int threads,
                      std::shared_ptr<CancelToken> cancel, std::shared_ptr<CancelToken> pause,
                      const Napi::Function& on_epoch)
      : ReportingJob(env, model, threads, std::move(cancel), on_epoch),
        epochs_(epochs),
        pause_(std::move(pause)) {}

 protected:
  void work() override;
  Napi::Value result(Napi::Env env) override;

 private:
  int64_t epochs_;
  std::shared_ptr<CancelToken> pause_;
  TrainingProgress progress_;
};

/// Resolves to an array of named tensors.
class TrainingStateJob : public ModelJob {
 public:
  TrainingStateJob(Napi::Env env, ModelWrap& model) : ModelJob(env, model, 0) {}

 protected:
  void work() override { state_ = detector().training_state(); }
  Napi::Value result(Napi::Env env) override;

 private:
  std::vector<NamedTensor> state_;
};

class EndTrainingJob : public ModelJob {
 public:
  EndTrainingJob(Napi::Env env, ModelWrap& model) : ModelJob(env, model, 0) {}

 protected:
  void work() override { detector().end_training(); }
};

}  // namespace reverse_distillation::binding
