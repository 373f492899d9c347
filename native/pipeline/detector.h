#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/config.h"
#include "core/memory_pool.h"
#include "model/reverse_distillation.h"
#include "pipeline/gpu_scoring.h"
#include "pipeline/image_set.h"
#include "pipeline/scoring_engine.h"
#include "pipeline/tensor_state.h"
#include "pipeline/trainer.h"

namespace reverse_distillation {

/// The three networks of a model, as its files name them.
enum class Part { kTeacher, kBottleneck, kDecoder };

/// A model with its configuration, to be trained, scored and saved. Not synchronised: one thread at a time.
class Detector {
 public:
  /// Fresh weights, drawn from `config.seed`, on `config.device`.
  explicit Detector(const ModelConfig& config);

  const ModelConfig& config() const { return config_; }

  /// Begins a training, from `state` if one is given. See `Training`; it ends with `end_training`.
  void begin_training(std::shared_ptr<const ImageSet> images, const TrainingConfig& config,
                      const std::vector<NamedTensor>* state = nullptr);

  /// See `Training::run`, `Training::state`. Throw `Error(kInvalidArgument)` unless a training has begun.
  TrainingProgress continue_training(int64_t epochs, const CancelToken& cancel, const CancelToken& pause,
                                     const Training::Report& report);
  std::vector<NamedTensor> training_state() const;

  /// Frees what only training needs.
  void end_training();

  /// A whole training.
  void train(const ImageSet& images, const TrainingConfig& config, const CancelToken& cancel,
             const Training::Report& report);

  /// Scores one batch of images of any sizes, without tiles. Reads the callers' memory until it returns; the
  /// results are on the CPU. An empty batch gives empty results. A large batch is computed in equal parts,
  /// which bounds the memory that it needs. Throws `Error(kAborted)` if the calling thread's work is
  /// cancelled. The maps are of the networks' input.
  ScoredBatch score(std::span<const PixelView> images);

  /// Scores images of any sizes, which may be cut into tiles. Otherwise like `score`. With tiles, memory is
  /// bounded by the tiles that are computed at a time, besides the image and its map.
  std::vector<ScoredImage> score_images(std::span<const PixelView> images);

  /// Collects what the convolutions read while they score images, in float32; on the CPU only. Otherwise like
  /// `score_images`, from whose results and state it is apart.
  void observe(std::span<const PixelView> images);

  /// See `ScoringEngine::activation_ranges`. Ends the observation. Throws `Error(kInvalidArgument)` unless
  /// images have been observed.
  std::vector<double> activation_ranges();

  /// Memory for pixels that `score` will read: uint8 [bytes], not initialised. On a GPU's detector it is
  /// pinned, so that pixels are copied to the GPU directly.
  at::Tensor allocate_pixels(int64_t bytes) const;

  /// See `trace`. One batch of images of any sizes.
  std::vector<NamedTensor> trace(std::span<const PixelView> images, Loss loss);

  /// See `members`, `tensor_state` and `load_tensor_state`.
  std::vector<NamedTensor> outline(Part part);
  std::vector<NamedTensor> tensors(Part part);
  void load(Part part, const std::vector<NamedTensor>& state);

  /// Where the last batch's first pixels were read, and where its first map was written: evidence that memory
  /// is shared.
  const void* last_pixels() const { return last_pixels_; }
  const void* last_map() const { return last_map_; }

 private:
  /// The images at the networks' input size, on the model's device, as `stack_pixels` returns them.
  at::Tensor resize_batch(std::span<const PixelView> images) const;
  /// Scores images that are computed together. The engine must be there.
  ScoredBatch score_part(std::span<const PixelView> images);
  ScoredBatch empty_batch(int64_t count) const;
  /// What counts of the images; see `masks_in_frame`.
  at::Tensor masks_of(std::span<const PixelView> images) const;
  /// The part of an image's map that shows the image, and no padding. Shares the map's memory.
  at::Tensor map_of(const PixelView& image, const at::Tensor& map) const;
  /// How many inputs of the networks are computed together.
  int64_t inputs_at_a_time() const;
  void leave_out_padding(std::span<const PixelView> images, AnomalyMaps& scored) const;
  void drop_engine();
  Training& training() const;
  torch::nn::Module& part_module(Part part);

  ModelConfig config_;
  c10::Device device_;
  std::shared_ptr<MemoryPool> memory_ = MemoryPool::shared();
  ReverseDistillation model_;
  std::optional<ScoringEngine> engine_;    ///< Made on first use, dropped when the weights change.
  std::optional<GpuScoring> gpu_scoring_;  ///< GPU only; made and dropped with the engine.
  std::optional<ScoringEngine> observer_;  ///< While images are observed.
  std::unique_ptr<Training> training_;     ///< While one is going on.
  const void* last_pixels_ = nullptr;
  const void* last_map_ = nullptr;
};

}  // namespace reverse_distillation
