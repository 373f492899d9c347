#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

#include "binding/job_thread.h"
#include "pipeline/detector.h"

namespace reverse_distillation::binding {

/// `NativeModel` of lib/native/addon.ts: a detector, and the thread that runs all work on it.
class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
 public:
  /// The class; instances come only from its static method `create`.
  static Napi::Function define(Napi::Env env);
  explicit ModelWrap(const Napi::CallbackInfo& info);

  /// Objects alive in the process; a leak makes these numbers grow.
  static std::atomic<int64_t> live_models;
  static std::atomic<int64_t> live_maps;

 private:
  friend class ModelJob;
  friend class CreateJob;
  friend class ScoreJob;
  friend class DisposeJob;

  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value config(const Napi::CallbackInfo& info);
  Napi::Value outline(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value train(const Napi::CallbackInfo& info);
  Napi::Value begin_training(const Napi::CallbackInfo& info);
  Napi::Value continue_training(const Napi::CallbackInfo& info);
  Napi::Value training_state(const Napi::CallbackInfo& info);
  Napi::Value end_training(const Napi::CallbackInfo& info);
  Napi::Value score(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);
  Napi::Value activation_ranges(const Napi::CallbackInfo& info);
  Napi::Value allocate_pixels(const Napi::CallbackInfo& info);
  Napi::Value trace(const Napi::CallbackInfo& info);
  Napi::Value last_transfer(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  /// Throws `Error(kDisposed)` after `dispose`.
  void require_alive() const;
  Napi::Promise submit(std::shared_ptr<Job> job) { return thread_.submit(std::move(job)); }

  ModelConfig config_;
  std::shared_ptr<Detector> detector_;
  Napi::ObjectReference disposal_;  ///< The promise of `dispose`, once called.
  const void* last_pixels_ = nullptr;
  const void* last_map_ = nullptr;
  JobThread thread_;
};

}  // namespace reverse_distillation::binding
