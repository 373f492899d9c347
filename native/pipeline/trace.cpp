#include "pipeline/trace.h"

#include "pipeline/preprocess.h"
#include "pipeline/scoring_engine.h"
#include "pipeline/training_step.h"

namespace reverse_distillation {

namespace {

/// Restores the running statistics, which a forward in train mode changes, and drops the gradients.
class Unchanged {
 public:
  explicit Unchanged(ReverseDistillation& model) : model_(model) {
    for (const at::Tensor& buffer : model_->buffers()) buffers_.push_back(buffer.clone());
  }
  ~Unchanged() {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> moved = model_->buffers();
    for (size_t i = 0; i < moved.size(); ++i) moved[i].copy_(buffers_[i]);
    model_->zero_grad();
  }
  Unchanged(const Unchanged&) = delete;
  Unchanged& operator=(const Unchanged&) = delete;

 private:
  ReverseDistillation& model_;
  std::vector<at::Tensor> buffers_;
};

/// Names tensors and copies them to the CPU.
class Trace {
 public:
  void add(const std::string& name, const at::Tensor& tensor) {
    tensors_.push_back({name, tensor.detach().cpu().contiguous()});
  }
  void add_gradients(const std::string& part, const torch::nn::Module& module) {
    for (const auto& item : module.named_parameters()) {
      if (item.value().grad().defined()) add("gradient." + part + "." + item.key(), item.value().grad());
    }
  }
  std::vector<NamedTensor> take() { return std::move(tensors_); }

 private:
  std::vector<NamedTensor> tensors_;
};

void trace_scoring(ReverseDistillation& model, ModelConfig config, const at::Tensor& images, Trace& trace) {
  const torch::NoGradGuard no_grad;
  config.precision = Precision::kFloat32;
  const FeaturePairs features = ScoringEngine(model, config).features(images);
  for (size_t k = 0; k < features.teacher.size(); ++k) {
    trace.add("teacher." + std::to_string(k + 1), features.teacher[k]);
    trace.add("student." + std::to_string(k + 1), features.student[k]);
  }
  trace.add("map", combined_map(features, config));
  trace.add("smoothed", anomaly_maps(features, config).maps);
}

void trace_training(ReverseDistillation& model, const ModelConfig& config, const at::Tensor& images,
                    Loss loss, Trace& trace) {
  const TrainMode train_mode(model);
  model->zero_grad();
  std::vector<at::Tensor> features;
  {
    const torch::NoGradGuard no_grad;
    features = model->teacher->forward(normalise(images, config.normalisation));
  }
  trace.add("loss", backpropagate(model, std::move(features), config.layers, loss));
  trace.add_gradients("bn", *model->bottleneck);
  trace.add_gradients("decoder", *model->decoder);
}

}  // namespace

std::vector<NamedTensor> trace(ReverseDistillation& model, const ModelConfig& config,
                               const at::Tensor& images, Loss loss) {
  const Unchanged unchanged(model);
  Trace trace;
  trace_scoring(model, config, images, trace);
  trace_training(model, config, images, loss, trace);
  return trace.take();
}

}  // namespace reverse_distillation
