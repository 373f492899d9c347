#include "pipeline/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <torch/optim/adam.h>

#include <chrono>

#include "pipeline/training_step.h"

namespace reverse_distillation {

namespace {

/// Batch norm cannot learn from one value a channel, which is what the code of one 32 x 32 image is.
bool can_be_normalised(const at::Tensor& batch, const ImageSet& images) {
  return batch.numel() * (images.height() / 32) * (images.width() / 32) > 1;
}

/// The images of an epoch in a new order, cut into batches.
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
  if (images.size() == 0) throw Error(ErrorCode::kInvalidArgument, "There is no image to train on.");
  const TrainMode train_mode(model);
  torch::optim::Adam optimiser(trained_parameters(model),
                               torch::optim::AdamOptions(config.learning_rate).betas({0.5, 0.999}));
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(config.seed);

  const auto start = std::chrono::steady_clock::now();
  for (int64_t epoch = 1; epoch <= config.epochs; ++epoch) {
    const auto epoch_start = std::chrono::steady_clock::now();
    double loss_sum = 0.0;
    int64_t trained = 0;
    for (const at::Tensor& batch : shuffle(images, config.batch_size, generator)) {
      cancel.throw_if_cancelled();
      optimiser.zero_grad();
      const at::Tensor loss = backpropagate(model, images.batch(batch), model_config, config.loss);
      optimiser.step();
      loss_sum += loss.item<double>() * static_cast<double>(batch.numel());
      trained += batch.numel();
    }
    if (trained == 0) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "No batch can be trained on: at 32 x 32 a batch needs at least two images; give more images " +
              std::string("or a larger batchSize."));
    }
    report({epoch, config.epochs, loss_sum / static_cast<double>(trained),
            static_cast<double>(trained) / seconds_since(epoch_start),
            seconds_since(start) / static_cast<double>(epoch) * static_cast<double>(config.epochs - epoch)});
  }
}

}  // namespace reverse_distillation
