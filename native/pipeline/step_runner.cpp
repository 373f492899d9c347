#include "pipeline/step_runner.h"

#include <c10/core/Allocator.h>

#include <algorithm>

#include "pipeline/training_step.h"

namespace reverse_distillation {

StepRunner::StepRunner(ReverseDistillation& model, Adam& optimiser, std::vector<int64_t> layers, Loss loss)
    : model_(model), optimiser_(optimiser), layers_(std::move(layers)), loss_(loss) {}

at::Tensor StepRunner::run(const std::vector<at::Tensor>& features, const at::Tensor& masks,
                           bool may_record) {
  const bool on_gpu = !features.front().device().is_cpu();
  if (on_gpu && may_record && !masks.defined()) {
    if (const Recording* recording = recording_of(features)) {
      for (size_t k = 0; k < features.size(); ++k) {
        recording->features[k].copy_(features[k], /*non_blocking=*/true);
      }
      recording->work->replay();
      return recording->loss;
    }
  }
  at::Tensor loss = step(features, masks);
  seen_.insert(features.front().size(0));
  return loss;
}

at::Tensor StepRunner::step(const std::vector<at::Tensor>& features, const at::Tensor& masks) {
  at::Tensor loss = backpropagate(model_, features, layers_, loss_, masks);
  optimiser_.step();
  return loss;
}

/// Null if a step of this size cannot be recorded, or not yet.
const StepRunner::Recording* StepRunner::recording_of(const std::vector<at::Tensor>& features) {
  const int64_t size = features.front().size(0);
  const auto known = std::find_if(recordings_.begin(), recordings_.end(), [&](const Recording& recording) {
    return recording.features.front().size(0) == size;
  });
  if (known != recordings_.end()) return &*known;
  if (out_of_memory_ || !seen_.contains(size)) return nullptr;
  try {
    Recording recording;
    for (const at::Tensor& scale : features) recording.features.push_back(scale.clone());
    RecordedWork* const beside = recordings_.empty() ? nullptr : recordings_.front().work.get();
    recording.work = record_work([&] { recording.loss = step(recording.features, {}); }, beside,
                                 /*warm_ups=*/0);
    recordings_.push_back(std::move(recording));
  } catch (const c10::OutOfMemoryError&) {
    out_of_memory_ = true;
    return nullptr;
  }
  return &recordings_.back();
}

}  // namespace reverse_distillation
