#pragma once

#include <list>
#include <memory>
#include <span>

#include "core/device_streams.h"
#include "core/recorded_work.h"
#include "pipeline/preprocess.h"
#include "pipeline/scoring_engine.h"

namespace reverse_distillation {

/// Scores on a GPU: pixels are copied there as they are, on a stream of their own, resized there, and
/// everything from the networks to the scores is recorded once a batch size and started as one piece from
/// then on. Not synchronised: one thread at a time.
class GpuScoring {
 public:
  /// `engine` lies on `device`, was made on the current stream, and outlives this.
  GpuScoring(ScoringEngine& engine, const ModelConfig& config, c10::Device device);

  /// images: at least one, of any sizes. Those in pinned memory are copied from where they lie. The results
  /// are on the CPU, in pinned memory.
  ///
  /// Throws c10::OutOfMemoryError where the batch does not fit into the GPU's memory, not even in place of
  /// what other batch sizes hold; smaller ones still do.
  AnomalyMaps score(std::span<const PixelView> images);

 private:
  /// One batch size's work, and the tensors that it reads and writes each time.
  struct Batch {
    at::Tensor input;
    AnomalyMaps output;
    std::unique_ptr<RecordedWork> work;
  };

  std::vector<at::Tensor> upload(std::span<const PixelView> images) const;
  Batch& batch_of(const at::Tensor& input);
  void record(const at::Tensor& input);

  ScoringEngine& engine_;
  ModelConfig config_;
  c10::Device device_;
  DeviceStreams streams_;
  std::list<Batch> recent_;  ///< The last used first.
};

}  // namespace reverse_distillation
