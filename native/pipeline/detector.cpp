#include "pipeline/detector.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <c10/util/ScopeExit.h>

#include "core/device.h"
#include "core/float32_mode.h"
#include "pipeline/trace.h"

namespace reverse_distillation {

namespace {

const char* part_name(Part part) {
  switch (part) {
    case Part::kTeacher:
      return "teacher";
    case Part::kBottleneck:
      return "bottleneck";
    case Part::kDecoder:
      return "decoder";
  }
  throw Error(ErrorCode::kInternal, "unknown part");
}

/// Moves the weights to `device`, and puts those of convolutions into channels-last order, the order of the
/// images.
void place(torch::nn::Module& module, c10::Device device) {
  module.to(device);
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace

Detector::Detector(const ModelConfig& config)
    : config_(config), device_(parse_device(config.device)), model_(config) {
  place(*model_, device_);
  model_->eval();
}

void Detector::train(const ImageSet& images, const TrainingConfig& config, const CancelToken& cancel,
                     const std::function<void(const EpochReport&)>& report) {
  drop_engine();
  // Scoring needs far less memory; this also runs after an aborted training.
  const auto release = c10::make_scope_exit([this] { memory_->release(); });
  const MemoryPool::Scope scope(*memory_);
  reverse_distillation::train(model_, config_, images, config, cancel, report);
}

void Detector::drop_engine() {
  gpu_scoring_.reset();
  engine_.reset();
}

at::Tensor Detector::allocate_pixels(int64_t bytes) const {
  return at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(device_.is_cuda()));
}

at::Tensor Detector::resize_batch(std::span<const PixelView> images) const {
  std::vector<at::Tensor> resized;
  resized.reserve(images.size());
  for (const PixelView& image : images) {
    resized.push_back(resize_pixels(image, config_.height, config_.width));
  }
  const at::Tensor batch = resized.size() == 1 ? resized[0].unsqueeze(0) : at::stack(resized);
  return batch.to(device_);
}

AnomalyMaps Detector::score(std::span<const PixelView> images) {
  const c10::InferenceMode inference;
  const MemoryPool::Scope scope(*memory_);
  if (images.empty()) return {at::empty({0, config_.height, config_.width}), at::empty({0})};
  if (!engine_) engine_.emplace(model_, config_);
  if (device_.is_cuda() && !gpu_scoring_) gpu_scoring_.emplace(*engine_, config_, device_);
  AnomalyMaps result = gpu_scoring_ ? gpu_scoring_->score(images) : engine_->score(resize_batch(images));
  last_pixels_ = images[0].data;
  last_map_ = result.maps.data_ptr();
  return result;
}

std::vector<NamedTensor> Detector::trace(std::span<const PixelView> images, Loss loss) {
  if (images.empty()) throw Error(ErrorCode::kInvalidArgument, "There are no images to trace.");
  const Float32Mode float32_mode(device_, Precision::kFloat32);
  return reverse_distillation::trace(model_, config_, resize_batch(images), loss);
}

torch::nn::Module& Detector::part_module(Part part) {
  switch (part) {
    case Part::kTeacher:
      return *model_->teacher;
    case Part::kBottleneck:
      return *model_->bottleneck;
    case Part::kDecoder:
      return *model_->decoder;
  }
  throw Error(ErrorCode::kInternal, "unknown part");
}

std::vector<NamedTensor> Detector::tensors(Part part) { return tensor_state(part_module(part)); }

void Detector::load(Part part, const std::vector<NamedTensor>& state) {
  drop_engine();
  load_tensor_state(part_module(part), part_name(part), state);
}

}  // namespace reverse_distillation
