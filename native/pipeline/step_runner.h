#pragma once

#include <list>
#include <memory>
#include <set>
#include <vector>

#include "core/config.h"
#include "core/recorded_work.h"
#include "model/reverse_distillation.h"
#include "pipeline/adam.h"

namespace reverse_distillation {

/// Takes the steps of a training: forward, backward and Adam.
///
/// A step starts hundreds of kernels, most of which end sooner than a processor can start the next one. So on
/// a GPU the step of each batch size is recorded and then started as one piece, with the same result to the
/// bit. The recordings share the memory of their activations.
class StepRunner {
 public:
  /// model, optimiser: are changed, and must outlive this object.
  StepRunner(ReverseDistillation& model, Adam& optimiser, std::vector<int64_t> layers, Loss loss);

  /// Takes one step at the optimiser's learning rate.
  ///
  /// features: the teacher's, of the batch; see `backpropagate`. masks: see there. may_record: whether the
  /// step may be recorded, for which all other batch sizes should have had a step: the memory of a recording
  /// is not available to other work. Always runs unrecorded on the CPU, with masks, and if there is no memory
  /// for a recording. Returns the batch's loss, a scalar on the device, valid until the next step.
  at::Tensor run(const std::vector<at::Tensor>& features, const at::Tensor& masks, bool may_record);

 private:
  struct Recording {
    std::vector<at::Tensor> features;
    at::Tensor loss;
    std::unique_ptr<RecordedWork> work;
  };

  at::Tensor step(const std::vector<at::Tensor>& features, const at::Tensor& masks);
  const Recording* recording_of(const std::vector<at::Tensor>& features);

  ReverseDistillation& model_;
  Adam& optimiser_;
  std::vector<int64_t> layers_;
  Loss loss_;
  std::list<Recording> recordings_;  ///< One per batch size.
  std::set<int64_t> seen_;  ///< Batch sizes that have had a step, so that libraries are set up for them.
  bool out_of_memory_ = false;
};

}  // namespace reverse_distillation
