#pragma once

#include <functional>

#include "core/cancel_token.h"
#include "core/config.h"
#include "model/reverse_distillation.h"
#include "pipeline/image_set.h"

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

/// Trains bottleneck and decoder on normal images (Deng & Li 2022, Sec. 3.3) in the precision of
/// `model_config`, and leaves the model in eval mode, even if it throws. Adam with betas (0.5, 0.999). The
/// order of images depends only on `config.seed`, and two runs on one machine with equal arguments and
/// threads end with equal bits.
///
/// The last, partial batch of an epoch is used, unless it would leave a batch norm with a single value per
/// channel (one image of 32 x 32). A batch size above the number of images means one batch.
///
/// With `config.until_converged` the training ends when `Convergence` says so, and at `config.epochs` at the
/// latest. The result equals that of a training with this number of epochs.
///
/// `report` is called on the calling thread after each epoch. Throws `Error(kAborted)` between batches once
/// `cancel` is set; `Error(kInvalidArgument)` if there are no images, or no batch that can be trained on.
void train(ReverseDistillation& model, const ModelConfig& model_config, const ImageSet& images,
           const TrainingConfig& config, const CancelToken& cancel,
           const std::function<void(const EpochReport&)>& report);

}  // namespace reverse_distillation
