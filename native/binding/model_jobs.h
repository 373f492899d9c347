#pragma once

#include "binding/convert.h"
#include "binding/lent_pixels.h"
#include "binding/model.h"

namespace reverse_distillation::binding {

/// Work on one model, which it keeps alive. Sets the number of threads before it starts.
class ModelJob : public Job {
 public:
  ModelJob(Napi::Env env, ModelWrap& model, int threads);

 protected:
  void execute() final;
  virtual void work() = 0;
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }
  Detector& detector() const;

  /// Views of pixels, which the job keeps readable; see `LentPixels`.
  std::vector<PixelView> lend_images(const Napi::Array& images);

  /// The caller's tensors, which share their memory; the job keeps it alive.
  std::vector<NamedTensor> lend_tensors(const Napi::Array& tensors);

  ModelWrap& model_;

 private:
  int threads_;
  std::vector<LentPixels> lent_;
};

/// Creates the weights; resolves to the model itself.
class CreateJob : public ModelJob {
 public:
  CreateJob(Napi::Env env, ModelWrap& model) : ModelJob(env, model, 0) {}

 protected:
  void work() override;
  Napi::Value result(Napi::Env) override { return model_.Value(); }
};

/// Copies a part's weights; resolves to an array of named tensors.
class TensorsJob : public ModelJob {
 public:
  TensorsJob(Napi::Env env, ModelWrap& model, Part part) : ModelJob(env, model, 0), part_(part) {}

 protected:
  void work() override { tensors_ = detector().tensors(part_); }
  Napi::Value result(Napi::Env env) override { return from_named_tensors(env, tensors_); }

 private:
  Part part_;
  std::vector<NamedTensor> tensors_;
};

class LoadJob : public ModelJob {
 public:
  LoadJob(Napi::Env env, ModelWrap& model, Part part, const Napi::Array& tensors);

 protected:
  void work() override { detector().load(part_, state_); }

 private:
  Part part_;
  std::vector<NamedTensor> state_;
};

/// Work that calls back after each epoch.
class ReportingJob : public ModelJob {
 public:
  ReportingJob(Napi::Env env, ModelWrap& model, int threads, std::shared_ptr<CancelToken> cancel,
               const Napi::Function& on_epoch);

 protected:
  void report(const EpochReport& report);

 private:
  Napi::FunctionReference on_epoch_;
  std::shared_ptr<Environment> environment_;
};

/// A whole training.
class TrainJob : public ReportingJob {
 public:
  TrainJob(Napi::Env env, ModelWrap& model, std::shared_ptr<const ImageSet> images,
           const Napi::Object& config, std::shared_ptr<CancelToken> cancel, const Napi::Function& on_epoch);

 protected:
  void work() override;

 private:
  std::shared_ptr<const ImageSet> images_;
  TrainingConfig config_;
};

/// Resolves to one { score, map, height, width } per image.
class ScoreJob : public ModelJob {
 public:
  ScoreJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, int threads,
           std::shared_ptr<CancelToken> cancel);

 protected:
  void work() override;
  Napi::Value result(Napi::Env env) override;

 private:
  std::vector<PixelView> images_;
  std::vector<ScoredImage> scored_;
};

/// See `Detector::observe`.
class ObserveJob : public ModelJob {
 public:
  ObserveJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, int threads,
             std::shared_ptr<CancelToken> cancel);

 protected:
  void work() override { detector().observe(images_); }

 private:
  std::vector<PixelView> images_;
};

/// Resolves to an array of numbers; see `Detector::activation_ranges`.
class ActivationRangesJob : public ModelJob {
 public:
  ActivationRangesJob(Napi::Env env, ModelWrap& model) : ModelJob(env, model, 0) {}

 protected:
  void work() override { ranges_ = detector().activation_ranges(); }
  Napi::Value result(Napi::Env env) override;

 private:
  std::vector<double> ranges_;
};

/// Resolves to an array of named tensors.
class TraceJob : public ModelJob {
 public:
  TraceJob(Napi::Env env, ModelWrap& model, const Napi::Array& images, Loss loss, int threads);

 protected:
  void work() override { traced_ = detector().trace(images_, loss_); }
  Napi::Value result(Napi::Env env) override;

 private:
  std::vector<PixelView> images_;
  Loss loss_;
  std::vector<NamedTensor> traced_;
};

/// Frees the weights. It is the last job on the thread, so it waits for all others.
class DisposeJob : public ModelJob {
 public:
  DisposeJob(Napi::Env env, ModelWrap& model) : ModelJob(env, model, 0) {}

 protected:
  void work() override;
};

}  // namespace reverse_distillation::binding
