#include "pipeline/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros.h>

#include <chrono>

#include "core/float32_mode.h"
#include "pipeline/adam.h"
#include "pipeline/convergence.h"
#include "pipeline/teacher_features.h"
#include "pipeline/training_step.h"

namespace reverse_distillation {

namespace {

/// Batch norm cannot learn from one value per channel, as in the code of a single 32 x 32 image.
bool can_be_normalised(const at::Tensor& batch, const ImageSet& images) {
  return batch.numel() * (images.height() / 32) * (images.width() / 32) > 1;
}

/// One epoch's images in a new order, split into batches.
std::vector<at::Tensor> shuffle(const ImageSet& images, int64_t batch_size, at::Generator& generator) {
  std::vector<at::Tensor> batches;
  for (at::Tensor& batch : at::randperm(images.size(), generator, at::kLong).split(batch_size)) {
    if (can_be_normalised(batch, images)) batches.push_back(std::move(batch));
  }
  return batches;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void train(ReverseDistillation& model, const ModelConfig& model_config, const ImageSet& images,
           const TrainingConfig& config, const CancelToken& cancel,
           const std::function<void(const EpochReport&)>& report) {
  if (images.size() == 0) throw Error(ErrorCode::kInvalidArgument, "There are no images to train on.");
  const TrainMode train_mode(model);
  const c10::Device device = model->bottleneck->parameters().front().device();
  TeacherFeatures teacher(*model->teacher, images, model_config, config.features);
  Adam optimiser(trained_parameters(model), config.learning_rate);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(config.seed);

  Convergence convergence;
  int64_t epochs = config.epochs;

  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    const auto epoch_start = std::chrono::steady_clock::now();
    // On the device, so that nothing waits for it before the end of the epoch.
    at::Tensor loss_sum = at::zeros({}, at::TensorOptions(device).dtype(at::kDouble));
    int64_t trained = 0;
    for (const at::Tensor& batch : shuffle(images, config.batch_size, generator)) {
      cancel.throw_if_cancelled();
      const Float32Mode float32_mode(device, model_config.precision);
      const at::Tensor loss = backpropagate(model, teacher.batch(batch), model_config.layers, config.loss);
      optimiser.step();
      loss_sum.add_(loss.to(at::kDouble), batch.numel());
      trained += batch.numel();
    }
    if (trained == 0) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "No batch can be trained on: at 32 x 32 a batch needs at least two images; give more images " +
              std::string("or a larger batchSize."));
    }
    const double mean_loss = loss_sum.item<double>() / static_cast<double>(trained);
    const double seconds = seconds_since(epoch_start);
    if (config.until_converged && convergence.reached_with(mean_loss)) epochs = epoch;
    report({epoch, epochs, mean_loss, static_cast<double>(trained) / seconds,
            seconds * static_cast<double>(epochs - epoch), teacher.storage()});
  }
}

}  // namespace reverse_distillation
