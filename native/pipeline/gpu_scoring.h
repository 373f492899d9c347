#pragma once

#include <list>
#include <memory>
#include <span>

#include "core/device_streams.h"
#include "core/recorded_work.h"
#include "pipeline/fit.h"
#include "pipeline/scoring_engine.h"

namespace reverse_distillation {

/// As many images as work is recorded for, if a batch has `count`: a power of two up to 32, or else a
/// multiple of 32. So a service meets few sizes, and one that it has not met before does not stall it.
int64_t recorded_size(int64_t count);

/// Scores on a GPU. Pixels are copied there unchanged, on a separate stream, and resized there. Everything
/// from the networks to the scores is recorded once per `recorded_size` and then started as one piece; the
/// places that a batch does not fill are computed too. Not synchronised: one thread at a time.
class GpuScoring {
 public:
  /// `engine` must be on `device`, must have been made on the current stream, and must outlive this object.
  GpuScoring(ScoringEngine& engine, const ModelConfig& config, c10::Device device);

  /// images: at least one, of any sizes. Those in pinned memory are copied directly. The results are on the
  /// CPU, in pinned memory. masks: on the CPU; see `anomaly_maps`.
  ///
  /// Throws c10::OutOfMemoryError if the batch does not fit into the GPU's memory even after the memory of
  /// other batch sizes is released. Smaller batches still work after that.
  ScoredBatch score(std::span<const PixelView> images, const at::Tensor& masks = {});

 private:
  /// One batch size's work, and the tensors that it reads and writes.
  struct Batch {
    at::Tensor input;
    ScoredBatch output;
    std::unique_ptr<RecordedWork> work;
  };

  std::vector<at::Tensor> upload(std::span<const PixelView> images) const;
  /// What the networks take, of `upload`'s tensors.
  at::Tensor prepare(std::span<const PixelView> images, const std::vector<at::Tensor>& uploaded) const;
  /// The recorded work for `input`, which has its places or fewer.
  Batch& batch_of(const at::Tensor& input);
  void record(const at::Tensor& input, int64_t size);
  ScoredBatch replay(const at::Tensor& input);
  ScoredBatch score_inside(const at::Tensor& input, const at::Tensor& masks);

  ScoringEngine& engine_;
  ModelConfig config_;
  Frame frame_;
  c10::Device device_;
  DeviceStreams streams_;
  std::list<Batch> recent_;  ///< Most recently used first.
};

}  // namespace reverse_distillation
