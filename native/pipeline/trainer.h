#pragma once

#include <ATen/core/Generator.h>

#include <functional>
#include <memory>
#include <optional>

#include "core/cancel_token.h"
#include "core/config.h"
#include "core/device_streams.h"
#include "model/reverse_distillation.h"
#include "pipeline/adam.h"
#include "pipeline/convergence.h"
#include "pipeline/image_set.h"
#include "pipeline/step_runner.h"
#include "pipeline/teacher_features.h"
#include "pipeline/tensor_state.h"
#include "pipeline/weight_average.h"

namespace reverse_distillation {

/// What is known after an epoch.
struct EpochReport {
  int64_t epoch;   ///< Number of this epoch, from 1.
  int64_t epochs;  ///< Total number of epochs; an upper bound while training may still converge earlier.
  double loss;     ///< Mean over the epoch's images.
  double images_per_second;
  double seconds_left;      ///< Until the end of the training, if every epoch takes as long as this one.
  FeatureStorage features;  ///< Where the teacher's features are kept.
};

/// How far a training has come.
struct TrainingProgress {
  int64_t epochs = 0;   ///< Epochs that have ended.
  int64_t batches = 0;  ///< Batches done in the epoch after these.
  double loss = 0.0;    ///< Mean over the images of these batches; 0 if there are none.
  bool finished = false;
};

/// Trains bottleneck and decoder on normal images (Deng & Li 2022, Sec. 3.3) in the precision of the model's
/// configuration. Adam with betas (0.5, 0.999), whose learning rate follows `config.schedule`. With
/// `config.average_weights`, the model has the average of its weights whenever it does not train. The order
/// of images depends only on `config.seed`.
///
/// The training can pause after any batch. Its state can then be saved and loaded into another `Training` of
/// an equal model with equal images and configuration, which ends with the same bits as if nothing had
/// happened, on one machine and with the same number of threads. Only `epochs` and `until_converged` may
/// differ, and these only if the learning rate is constant.
///
/// The last, partial batch of an epoch is used, unless it would leave a batch norm with a single value per
/// channel (one image of 32 x 32). A batch size above the number of images means one batch.
///
/// With `config.until_converged` the training ends when `Convergence` says so, and at `config.epochs` at the
/// latest. With a constant learning rate, the result equals that of a training with this number of epochs.
/// With a cosine, the learning rate then begins to fall, over a quarter more epochs.
class Training {
 public:
  using Report = std::function<void(const EpochReport&)>;

  /// Refers to the weights of `model` and changes them. Throws `Error(kInvalidArgument)` if there are no
  /// images.
  Training(ReverseDistillation model, const ModelConfig& model_config, std::shared_ptr<const ImageSet> images,
           const TrainingConfig& config);

  /// Trains until `epochs` epochs have ended, the training is finished, or `pause` is set. `pause` is looked
  /// at after each batch, so every call makes progress. Leaves the model in eval mode, even if it throws.
  ///
  /// `report` is called on the calling thread after each epoch. Throws `Error(kAborted)` between batches once
  /// `cancel` is set, and `Error(kInvalidArgument)` if there is no batch that can be trained on.
  void run(int64_t epochs, const CancelToken& cancel, const CancelToken& pause, const Report& report);

  TrainingProgress progress() const;

  /// Copies of everything that a resumed training needs, on the CPU: the weights and statistics of `bn.*` and
  /// `decoder.*`; if these are averages, what was trained as `trained.bn.*` and `trained.decoder.*`;
  /// `adam.mean.*`, `adam.variance.*` and `adam.steps.*` for every trained parameter, `loss_sum` of the epoch
  /// in progress (float64), `position` (int64: epochs ended, batches done since), `losses` of the ended
  /// epochs (float64), `order` of the images in the epoch in progress (int64; empty between epochs), and the
  /// state of the `generator` that draws the next order (uint8).
  std::vector<NamedTensor> state() const;

  /// Continues from `state`. Throws `Error(kInvalidFile)` if it does not fit this training, and
  /// `Error(kInvalidArgument)` if it is further than `config.epochs`.
  void load(std::vector<NamedTensor> state);

 private:
  /// The members of the state that have a fixed shape. They share the training's memory.
  std::vector<NamedTensor> fixed_state() const;
  std::vector<at::Tensor> batches_of(const at::Tensor& order) const;
  bool finished() const { return ended() >= epochs_; }
  int64_t ended() const { return static_cast<int64_t>(convergence_.losses().size()); }
  void run_epochs(int64_t epochs, const CancelToken& cancel, const CancelToken& pause, const Report& report);
  bool recall_features(const CancelToken& cancel, const CancelToken& pause);
  bool run_epoch(const CancelToken& cancel, const CancelToken& pause);
  void train_on(const at::Tensor& batch);
  EpochReport end_epoch();
  void note_epoch(double loss);
  /// Steps taken since the beginning.
  int64_t steps() const { return ended() * batches_in_epoch_ + batches_; }
  double learning_rate() const;

  ReverseDistillation model_;
  ModelConfig model_config_;
  std::shared_ptr<const ImageSet> images_;
  TrainingConfig config_;
  c10::Device device_;
  DeviceStreams streams_;
  TeacherFeatures teacher_;
  std::vector<NamedTensor> parameters_;
  Adam optimiser_;
  StepRunner step_;
  std::optional<WeightAverage> average_;
  at::Generator generator_;
  Convergence convergence_;
  int64_t batches_in_epoch_;
  int64_t epochs_;                  ///< The last epoch.
  std::optional<int64_t> plateau_;  ///< Epochs after which the learning rate began to fall.
  bool features_recalled_ = true;
  int64_t first_epoch_ = 0;  ///< Epochs that had ended when this object took over.

  // The epoch in progress.
  at::Tensor order_;     ///< int64 [images]; undefined between epochs.
  int64_t batches_ = 0;  ///< Batches done.
  int64_t trained_ = 0;  ///< Images in them.
  at::Tensor loss_sum_;  ///< Sum of the images' losses: on the device, so that nothing waits for it.
  int64_t timed_ = 0;    ///< Images trained on in `seconds_`: fewer after a resumption.
  double seconds_ = 0.0;
};

}  // namespace reverse_distillation
