#pragma once

#include <functional>

#include "core/cancel_token.h"
#include "core/config.h"
#include "model/reverse_distillation.h"
#include "pipeline/image_set.h"

namespace reverse_distillation {

/// What is known after an epoch.
struct EpochReport {
  int64_t epoch;   ///< From 1.
  int64_t epochs;  ///< Of the training; at most, where it ends once it has converged and has not yet.
  double loss;     ///< Mean over the epoch's images.
  double images_per_second;
  double seconds_left;      ///< To the end of the training, if every epoch takes as long as this one.
  FeatureStorage features;  ///< Where the teacher's features are kept.
};

/// Trains bottleneck and decoder, in the precision of `model_config`, on normal images (Deng & Li 2022,
/// Sec. 3.3) and leaves the model in eval mode, also when it throws. Adam with betas (0.5, 0.999). The order
/// of images depends on `config.seed` alone, and two runs on one machine with equal arguments and threads end
/// with equal bits.
///
/// The last, partial batch of an epoch is kept; one that would leave a single value per channel to a batch
/// norm (one image of 32 x 32) is dropped. A batch size above the number of images means one batch.
///
/// With `config.until_converged` it ends where `Convergence` says so, and at `config.epochs` at the latest:
/// as a training of so many epochs would.
///
/// `report` is called on the calling thread after each epoch. Throws `Error(kAborted)` between batches once
/// `cancel` is set; `Error(kInvalidArgument)` when there is no image, or no batch that can be trained on.
void train(ReverseDistillation& model, const ModelConfig& model_config, const ImageSet& images,
           const TrainingConfig& config, const CancelToken& cancel,
           const std::function<void(const EpochReport&)>& report);

}  // namespace reverse_distillation
