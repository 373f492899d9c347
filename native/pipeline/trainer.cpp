#include "pipeline/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <chrono>

#include "core/float32_mode.h"
#include "pipeline/learning_rate.h"
#include "pipeline/training_step.h"

namespace reverse_distillation {

namespace {

/// Batch norm cannot learn from one value per channel, as in the code of a single 32 x 32 image.
bool can_be_normalised(const at::Tensor& batch, const ImageSet& images) {
  return batch.numel() * (images.height() / 32) * (images.width() / 32) > 1;
}

at::Generator seeded(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

/// One epoch's images in a new order.
at::Tensor draw_order(const ImageSet& images, at::Generator& generator) {
  return at::randperm(images.size(), generator, at::kLong);
}

bool is_order_of(const at::Tensor& order, const ImageSet& images) {
  return at::equal(std::get<0>(order.sort()), at::arange(images.size(), at::kLong));
}

std::shared_ptr<const ImageSet> required(std::shared_ptr<const ImageSet> images) {
  if (images->size() == 0) throw Error(ErrorCode::kInvalidArgument, "There are no images to train on.");
  return images;
}

std::vector<at::Tensor> tensors_of(const std::vector<NamedTensor>& named) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& entry : named) tensors.push_back(entry.tensor);
  return tensors;
}

/// The weights and statistics of what is trained, as files name them. They share the model's memory.
std::vector<NamedTensor> trained_members(const ReverseDistillation& model) {
  std::vector<NamedTensor> found;
  for (const NamedTensor& entry : members(*model->bottleneck))
    found.push_back({"bn." + entry.name, entry.tensor});
  for (const NamedTensor& entry : members(*model->decoder))
    found.push_back({"decoder." + entry.name, entry.tensor});
  return found;
}

/// On the CPU, contiguous, and in memory of its own.
at::Tensor copy_of(const at::Tensor& tensor) {
  const at::Tensor copy = tensor.detach().cpu().contiguous();
  return copy.is_alias_of(tensor) ? copy.clone() : copy;
}

/// Removes a tensor of one dimension from the state.
at::Tensor take(std::vector<NamedTensor>& state, const std::string& name, at::ScalarType dtype) {
  const auto found =
      std::find_if(state.begin(), state.end(), [&](const NamedTensor& entry) { return entry.name == name; });
  if (found == state.end() || found->tensor.dim() != 1 || found->tensor.scalar_type() != dtype) {
    throw Error(ErrorCode::kInvalidFile,
                "The state of the training has no valid \"" + name + "\", or is not one of a training.");
  }
  at::Tensor tensor = found->tensor.clone();
  state.erase(found);
  return tensor;
}

/// Adds the time that it lives to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

Training::Training(ReverseDistillation model, const ModelConfig& model_config,
                   std::shared_ptr<const ImageSet> images, const TrainingConfig& config)
    : model_(std::move(model)),
      model_config_(model_config),
      images_(required(std::move(images))),
      config_(config),
      device_(model_->bottleneck->parameters().front().device()),
      streams_(device_),
      teacher_(*model_->teacher, *images_, model_config_, config_.features),
      parameters_(trained_parameters(model_)),
      optimiser_(tensors_of(parameters_)),
      step_(model_, optimiser_, model_config_.layers, config_.loss),
      generator_(seeded(config_.seed)),
      batches_in_epoch_(static_cast<int64_t>(batches_of(at::arange(images_->size(), at::kLong)).size())),
      epochs_(config_.epochs),
      loss_sum_(at::zeros({}, at::TensorOptions(device_).dtype(at::kDouble))) {
  if (config_.average_weights) average_.emplace(trained_members(model_));
}

void Training::run(int64_t epochs, const CancelToken& cancel, const CancelToken& pause,
                   const Report& report) {
  const auto scope = streams_.compute();
  streams_.compute_waits_for_current();
  try {
    run_epochs(epochs, cancel, pause, report);
  } catch (...) {
    try {
      streams_.wait();
    } catch (const c10::Error&) {
      // The first error says more.
    }
    throw;
  }
  // Whoever uses the weights next does so on a stream of their own.
  streams_.wait();
}

void Training::run_epochs(int64_t epochs, const CancelToken& cancel, const CancelToken& pause,
                          const Report& report) {
  const TrainMode train_mode(model_);
  std::optional<WeightAverage::Training> trained_weights;
  if (average_) trained_weights.emplace(*average_);
  while (!finished() && ended() < epochs) {
    if (!recall_features(cancel, pause) || !run_epoch(cancel, pause)) return;
    report(end_epoch());
    if (pause.cancelled()) return;
  }
}

/// An image's features depend, by rounding, on the batch in which they were computed. A resumed training goes
/// through the batches again in which they were computed first. Returns false to pause.
bool Training::recall_features(const CancelToken& cancel, const CancelToken& pause) {
  if (features_recalled_) return true;
  at::Generator generator = seeded(config_.seed);
  for (int64_t epoch = 0; epoch <= ended() && !teacher_.settled(); ++epoch) {
    std::vector<at::Tensor> batches = batches_of(draw_order(*images_, generator));
    if (epoch == ended()) batches.resize(static_cast<size_t>(batches_));
    for (const at::Tensor& batch : batches) {
      if (teacher_.settled() || teacher_.keeps(batch)) continue;
      cancel.throw_if_cancelled();
      const Float32Mode float32_mode(device_, model_config_.precision);
      teacher_.keep(batch, teacher_.batch(batch));
      if (pause.cancelled()) return false;
    }
  }
  features_recalled_ = true;
  return true;
}

/// Returns false to pause within the epoch.
bool Training::run_epoch(const CancelToken& cancel, const CancelToken& pause) {
  const Stopwatch stopwatch(seconds_);
  if (!order_.defined()) order_ = draw_order(*images_, generator_);
  const std::vector<at::Tensor> batches = batches_of(order_);
  const auto count = static_cast<int64_t>(batches.size());
  while (batches_ < count) {
    cancel.throw_if_cancelled();
    train_on(batches[static_cast<size_t>(batches_)]);
    if (pause.cancelled() && batches_ < count) return false;
  }
  if (trained_ == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "No batch can be trained on: at 32 x 32 a batch needs at least two images; give more images "
                "or a larger batchSize.");
  }
  // Waits for the device.
  loss_sum_ = loss_sum_.cpu();
  return true;
}

void Training::train_on(const at::Tensor& batch) {
  const Float32Mode float32_mode(device_, model_config_.precision);
  optimiser_.set_learning_rate(learning_rate());
  const bool all_sizes_seen = ended() > first_epoch_;
  const std::vector<at::Tensor> features = teacher_.batch(batch);
  const at::Tensor loss = step_.run(features, images_->masks(batch), all_sizes_seen);
  teacher_.keep(batch, features);
  loss_sum_.add_(loss.to(at::kDouble), batch.numel());
  trained_ += batch.numel();
  timed_ += batch.numel();
  ++batches_;
  if (average_) average_->update(steps());
}

double Training::learning_rate() const {
  if (config_.schedule == Schedule::kConstant) return config_.learning_rate;
  const int64_t kept = config_.until_converged ? plateau_.value_or(epochs_) : 0;
  return learning_rate_at(steps(), config_.learning_rate,
                          {kept * batches_in_epoch_, epochs_ * batches_in_epoch_});
}

EpochReport Training::end_epoch() {
  const double loss = progress().loss;
  const double images_per_second = static_cast<double>(timed_) / seconds_;
  const double seconds_per_epoch = static_cast<double>(trained_) / images_per_second;
  note_epoch(loss);
  order_ = at::Tensor();
  batches_ = trained_ = timed_ = 0;
  seconds_ = 0.0;
  loss_sum_ = at::zeros({}, at::TensorOptions(device_).dtype(at::kDouble));
  return {ended(),
          epochs_,
          loss,
          images_per_second,
          seconds_per_epoch * static_cast<double>(epochs_ - ended()),
          teacher_.storage()};
}

/// Decides how long the training goes on.
void Training::note_epoch(double loss) {
  const bool reached = convergence_.reached_with(loss);
  if (!config_.until_converged || plateau_) return;
  if (config_.schedule == Schedule::kConstant) {
    if (reached) epochs_ = ended();
  } else if (reached || 5 * ended() >= 4 * config_.epochs) {
    plateau_ = ended();
    epochs_ = std::min(config_.epochs, ended() + (ended() + 3) / 4);
  }
}

TrainingProgress Training::progress() const {
  const double loss = trained_ == 0 ? 0.0 : loss_sum_.item<double>() / static_cast<double>(trained_);
  return {ended(), batches_, loss, finished()};
}

std::vector<at::Tensor> Training::batches_of(const at::Tensor& order) const {
  std::vector<at::Tensor> batches;
  for (at::Tensor& batch : order.split(config_.batch_size)) {
    if (can_be_normalised(batch, *images_)) batches.push_back(std::move(batch));
  }
  return batches;
}

std::vector<NamedTensor> Training::fixed_state() const {
  std::vector<NamedTensor> state = trained_members(model_);
  if (average_) {
    for (const auto& [name, tensor] : average_->others()) state.push_back({"trained." + name, tensor});
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Adam::Memory memory = optimiser_.memory(i);
    state.push_back({"adam.mean." + parameters_[i].name, memory.mean});
    state.push_back({"adam.variance." + parameters_[i].name, memory.variance});
    state.push_back({"adam.steps." + parameters_[i].name, memory.steps});
  }
  state.push_back({"loss_sum", loss_sum_});
  return state;
}

std::vector<NamedTensor> Training::state() const {
  std::vector<NamedTensor> state = fixed_state();
  for (NamedTensor& entry : state) entry.tensor = copy_of(entry.tensor);
  state.push_back({"position", at::tensor({ended(), batches_}, at::kLong)});
  state.push_back({"losses", at::tensor(convergence_.losses(), at::kDouble)});
  state.push_back({"order", order_.defined() ? order_.clone() : at::empty({0}, at::kLong)});
  state.push_back({"generator", generator_.get_state().clone()});
  return state;
}

void Training::load(std::vector<NamedTensor> state) {
  const at::Tensor position = take(state, "position", at::kLong);
  const at::Tensor losses = take(state, "losses", at::kDouble);
  const at::Tensor order = take(state, "order", at::kLong);
  const at::Tensor generator = take(state, "generator", at::kByte);
  const int64_t epochs = position.numel() == 2 ? position[0].item<int64_t>() : -1;
  const int64_t batches = position.numel() == 2 ? position[1].item<int64_t>() : -1;
  const bool between_epochs = order.numel() == 0;
  const auto batches_in_epoch = static_cast<int64_t>(between_epochs ? 1 : batches_of(order).size());
  if (epochs != losses.numel() || batches < 0 || batches >= batches_in_epoch ||
      (!between_epochs && !is_order_of(order, *images_)) ||
      generator.numel() != generator_.get_state().numel()) {
    throw Error(ErrorCode::kInvalidFile, "The state of the training is inconsistent.");
  }
  if (epochs > config_.epochs || (epochs == config_.epochs && !between_epochs)) {
    throw Error(ErrorCode::kInvalidArgument, "The training has already had more epochs than it is to have.");
  }
  load_tensors(fixed_state(), "training", state);
  generator_.set_state(generator);
  order_ = between_epochs ? at::Tensor() : order;
  batches_ = batches;
  trained_ = 0;
  const std::vector<at::Tensor> all = between_epochs ? std::vector<at::Tensor>() : batches_of(order);
  for (int64_t i = 0; i < batches; ++i) trained_ += all[static_cast<size_t>(i)].numel();
  convergence_ = Convergence();
  plateau_.reset();
  for (int64_t i = 0; i < epochs; ++i) {
    // A constant learning rate lets the training go on as if it had not converged before.
    if (!plateau_) epochs_ = config_.epochs;
    note_epoch(losses[i].item<double>());
  }
  if (!plateau_ && !between_epochs) epochs_ = config_.epochs;
  features_recalled_ = false;
  first_epoch_ = ended();
}

}  // namespace reverse_distillation
