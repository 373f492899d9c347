#include "pipeline/detector.h"

#include <ATen/ops/empty.h>
#include <c10/util/ScopeExit.h>

#include <algorithm>

#include "core/cancel_token.h"
#include "core/device.h"
#include "core/float32_mode.h"
#include "core/precision.h"
#include "pipeline/fit.h"
#include "pipeline/image_statistics.h"
#include "pipeline/interest.h"
#include "pipeline/preprocess.h"
#include "pipeline/tiled_scoring.h"
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

/// Moves the weights to `device`, and puts those of convolutions into `format`, that of their inputs.
void place(torch::nn::Module& module, c10::Device device, at::MemoryFormat format) {
  module.to(device);
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
  }
}

/// How many pixels, at the networks' input size, are scored at a time: on the CPU 8 images of 256 x 256, on a
/// GPU 128. More at a time is not faster, but needs more memory and keeps a cancelled job from ending.
int64_t pixels_at_a_time(c10::Device device) { return (device.is_cpu() ? 8 : 128) * 256 * 256; }

}  // namespace

Detector::Detector(const ModelConfig& config)
    : config_(config), device_(parse_device(config.device)), model_(config) {
  place(*model_, device_, network_format(device_, config_.precision));
  model_->eval();
}

void Detector::begin_training(std::shared_ptr<const ImageSet> images, const TrainingConfig& config,
                              const std::vector<NamedTensor>* state) {
  drop_engine();
  end_training();
  training_ = std::make_unique<Training>(model_, config_, std::move(images), config);
  if (state != nullptr) training_->load(*state);
}

TrainingProgress Detector::continue_training(int64_t epochs, const CancelToken& cancel,
                                             const CancelToken& pause, const Training::Report& report) {
  drop_engine();
  const MemoryPool::Scope scope(*memory_);
  training().run(epochs, cancel, pause, report);
  return training().progress();
}

std::vector<NamedTensor> Detector::training_state() const { return training().state(); }

void Detector::end_training() {
  training_.reset();
  // Scoring needs far less memory.
  memory_->release();
}

Training& Detector::training() const {
  if (!training_) throw Error(ErrorCode::kInvalidArgument, "No training has begun.");
  return *training_;
}

void Detector::train(const ImageSet& images, const TrainingConfig& config, const CancelToken& cancel,
                     const Training::Report& report) {
  const auto end = c10::make_scope_exit([this] { end_training(); });
  // Not owned: the caller's images outlive this call.
  begin_training({std::shared_ptr<void>(), &images}, config);
  continue_training(config.epochs, cancel, CancelToken(), report);
}

void Detector::drop_engine() {
  gpu_scoring_.reset();
  engine_.reset();
  observer_.reset();
}

void Detector::observe(std::span<const PixelView> images) {
  if (!device_.is_cpu()) {
    throw Error(ErrorCode::kInvalidArgument, "Activations are observed on the CPU only.");
  }
  if (!observer_) {
    ModelConfig config = config_;
    config.precision = Precision::kFloat32;
    observer_.emplace(model_, config);
    observer_->observe();
  }
  std::swap(engine_, observer_);
  const auto restore = c10::make_scope_exit([this] { std::swap(engine_, observer_); });
  score_images(images);
}

std::vector<double> Detector::activation_ranges() {
  if (!observer_) throw Error(ErrorCode::kInvalidArgument, "No images have been observed.");
  std::vector<double> ranges = observer_->activation_ranges();
  observer_.reset();
  return ranges;
}

at::Tensor Detector::allocate_pixels(int64_t bytes) const {
  return at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(device_.is_cuda()));
}

at::Tensor Detector::resize_batch(std::span<const PixelView> images) const {
  const Frame frame(config_);
  std::vector<at::Tensor> resized;
  resized.reserve(images.size());
  for (const PixelView& image : images) {
    throw_if_cancelled();
    resized.push_back(pad_to(fit_pixels(image, frame), frame));
  }
  return stack_pixels(resized).to(device_);
}

ScoredBatch Detector::empty_batch(int64_t count) const {
  return {{at::empty({count, config_.height, config_.width}), at::empty({count})},
          at::empty({count, kImageStatistics})};
}

ScoredBatch Detector::score(std::span<const PixelView> images) {
  const c10::InferenceMode inference;
  const MemoryPool::Scope scope(*memory_);
  const auto count = static_cast<int64_t>(images.size());
  if (count == 0) return empty_batch(0);
  if (!engine_) engine_.emplace(model_, config_);
  if (device_.is_cuda() && !gpu_scoring_) gpu_scoring_.emplace(*engine_, config_, device_);
  const int64_t most = inputs_at_a_time();
  const int64_t parts = (count + most - 1) / most;
  ScoredBatch result;
  if (parts == 1) {
    result = score_part(images);
  } else {
    result = empty_batch(count);
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t first = count * part / parts, size = count * (part + 1) / parts - first;
      const ScoredBatch scored = score_part(images.subspan(first, size));
      result.maps.narrow(0, first, size).copy_(scored.maps);
      result.scores.narrow(0, first, size).copy_(scored.scores);
      result.statistics.narrow(0, first, size).copy_(scored.statistics);
    }
  }
  leave_out_padding(images, result);
  last_pixels_ = images[0].data;
  last_map_ = result.maps.data_ptr();
  return result;
}

int64_t Detector::inputs_at_a_time() const {
  return std::max<int64_t>(1, pixels_at_a_time(device_) / (config_.height * config_.width));
}

std::vector<ScoredImage> Detector::score_images(std::span<const PixelView> images) {
  std::vector<ScoredImage> results;
  if (config_.tiles) {
    const Frame frame(config_);
    const auto score_batch = [this](std::span<const PixelView> tiles) { return score(tiles); };
    for (const PixelView& image : images) {
      results.push_back(score_tiles(image, frame, inputs_at_a_time(), score_batch));
    }
    if (!images.empty()) last_pixels_ = images[0].data;
    return results;
  }
  const ScoredBatch scored = score(images);
  for (size_t i = 0; i < images.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    at::Tensor map = map_of(images[i], scored.maps[at]).contiguous();
    // Whoever keeps one map must not keep the memory of its whole batch.
    if (device_.is_cpu() && images.size() > 1 && map.is_alias_of(scored.maps)) map = map.clone();
    results.push_back({std::move(map), scored.scores[at], scored.statistics[at]});
  }
  return results;
}

at::Tensor Detector::masks_of(std::span<const PixelView> images) const {
  const Frame frame(config_);
  std::vector<Interest> seen;
  for (const PixelView& image : images) {
    const PixelSize size = size_in_frame(image, frame);
    seen.push_back({size, mask_of(image, size.height, size.width)});
  }
  return masks_in_frame(seen, frame);
}

/// Padding does not count: an image's score is the largest value of the map that shows it.
void Detector::leave_out_padding(std::span<const PixelView> images, AnomalyMaps& scored) const {
  if (config_.fit != Fit::kPad) return;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto image = static_cast<int64_t>(i);
    scored.scores[image] = map_of(images[i], scored.maps[image]).max();
  }
}

at::Tensor Detector::map_of(const PixelView& image, const at::Tensor& map) const {
  return without_padding(map, size_in_frame(image, Frame(config_)));
}

ScoredBatch Detector::score_part(std::span<const PixelView> images) {
  throw_if_cancelled();
  const at::Tensor masks = masks_of(images);
  return gpu_scoring_ ? gpu_scoring_->score(images, masks) : engine_->score(resize_batch(images), masks);
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

std::vector<NamedTensor> Detector::outline(Part part) { return members(part_module(part)); }

std::vector<NamedTensor> Detector::tensors(Part part) { return tensor_state(part_module(part)); }

void Detector::load(Part part, const std::vector<NamedTensor>& state) {
  drop_engine();
  load_tensor_state(part_module(part), part_name(part), state);
}

}  // namespace reverse_distillation
