#include "pipeline/gpu_scoring.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "core/device.h"
#include "core/float32_mode.h"
#include "core/out_of_memory.h"
#include "core/precision.h"
#include "ops/ops.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

/// The largest number of images for which recorded sizes are powers of two.
constexpr int64_t kLargestPower = 32;

/// Number of batch sizes whose work is kept: enough for a service that batches calls as they arrive. They
/// share the memory of their activations, so all of them take little more than the largest.
constexpr size_t kKeptBatches = 16;

/// Whether the GPU resizes the image; others are resized on the CPU.
bool is_plain(const PixelView& image, const Frame& frame) {
  const int64_t packed = image.width * image.channels;
  const PixelView part = seen_part(image, frame);
  const bool whole = part.width == image.width && part.height == image.height;
  const bool fills = size_in_frame(image, frame) == PixelSize{frame.height, frame.width};
  return image.sample_bytes == 1 && image.order == PixelOrder::kRgb && image.row_bytes() == packed && whole &&
         fills;
}

/// A copy in pinned CPU memory, complete once the current stream has been waited for.
at::Tensor start_download(const at::Tensor& tensor) {
  at::Tensor target = at::empty_like(tensor, tensor.options().device(at::kCPU).pinned_memory(true));
  return target.copy_(tensor, /*non_blocking=*/true);
}

}  // namespace

GpuScoring::GpuScoring(ScoringEngine& engine, const ModelConfig& config, c10::Device device)
    : engine_(engine), config_(config), frame_(config), device_(device), streams_(device) {
  streams_.compute_waits_for_current();
}

std::vector<at::Tensor> GpuScoring::upload(std::span<const PixelView> images) const {
  const auto scope = streams_.copy();
  std::vector<at::Tensor> uploaded;
  for (const PixelView& image : images) {
    // LibTorch wants mutable pixels; nothing here writes to them.
    uploaded.push_back(is_plain(image, frame_)
                           ? move_to(at::from_blob(const_cast<uint8_t*>(image.data),
                                                   {image.height, image.width, image.channels}, at::kByte),
                                     device_)
                           : move_to(pad_to(fit_pixels(image, frame_), frame_).unsqueeze(0), device_));
  }
  return uploaded;
}

at::Tensor GpuScoring::prepare(std::span<const PixelView> images,
                               const std::vector<at::Tensor>& uploaded) const {
  const PixelScaling scaling = pixel_scaling(config_.normalisation);
  const at::ScalarType dtype = scalar_type(config_.precision);
  const auto plain = [this](const PixelView& image) { return is_plain(image, frame_); };
  if (std::all_of(images.begin(), images.end(), plain)) {
    return preprocess(uploaded, config_.height, config_.width, scaling.scale, scaling.shift, dtype);
  }
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < images.size(); ++i) {
    inputs.push_back(plain(images[i]) ? preprocess(uploaded[i], config_.height, config_.width, scaling.scale,
                                                   scaling.shift, dtype)
                                      : normalise(uploaded[i], config_.normalisation).to(dtype));
  }
  return at::cat(inputs);
}

int64_t recorded_size(int64_t count) {
  if (count > kLargestPower) return (count + kLargestPower - 1) / kLargestPower * kLargestPower;
  int64_t size = 1;
  while (size < count) size *= 2;
  return size;
}

GpuScoring::Batch& GpuScoring::batch_of(const at::Tensor& input) {
  const int64_t count = input.size(0), size = recorded_size(count);
  const auto known = std::find_if(recent_.begin(), recent_.end(), [&](const Batch& batch) {
    return batch.input.size(0) == size || batch.input.size(0) == count;
  });
  if (known != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, known);
    return recent_.front();
  }
  if (recent_.size() == kKeptBatches) recent_.pop_back();
  bool fits = true;
  try {
    record(input, size);
  } catch (const c10::OutOfMemoryError&) {
    if (recent_.empty() && size == count) throw;
    fits = false;
  }
  if (!fits) {
    // The memory of other batch sizes, or of places that are not filled, may be what is missing.
    recent_.clear();
    release_kept_memory();
    record(input, count);
  }
  return recent_.front();
}

void GpuScoring::record(const at::Tensor& input, int64_t size) {
  const Float32Mode float32_mode(device_, config_.precision);
  Batch batch;
  std::vector<int64_t> shape = input.sizes().vec();
  shape[0] = size;
  batch.input = at::empty(shape, input.options(), network_format(device_, config_.precision)).zero_();
  RecordedWork* const beside = recent_.empty() ? nullptr : recent_.front().work.get();
  batch.work = record_work([&] { batch.output = engine_.score_normalised(batch.input); }, beside);
  recent_.push_front(std::move(batch));
}

ScoredBatch GpuScoring::replay(const at::Tensor& input) {
  const int64_t count = input.size(0);
  Batch& batch = batch_of(input);
  batch.input.narrow(0, 0, count).copy_(input, /*non_blocking=*/true);
  batch.work->replay();
  const ScoredBatch& all = batch.output;
  return {{all.maps.narrow(0, 0, count), all.scores.narrow(0, 0, count)}, all.statistics.narrow(0, 0, count)};
}

// Not recorded: few detectors have a region of interest.
ScoredBatch GpuScoring::score_inside(const at::Tensor& input, const at::Tensor& masks) {
  const Float32Mode float32_mode(device_, config_.precision);
  return engine_.score_normalised(input.contiguous(network_format(device_, config_.precision)),
                                  move_to(masks, device_));
}

ScoredBatch GpuScoring::score(std::span<const PixelView> images, const at::Tensor& masks) {
  // When an error ends this early, nothing on the device may still read the caller's pixels.
  const DeviceStreams::WaitOnError guard(streams_);
  const std::vector<at::Tensor> uploaded = upload(images);
  const auto scope = streams_.compute();
  streams_.compute_waits_for_copy();
  const at::Tensor input = prepare(images, uploaded);
  const ScoredBatch output = masks.defined() ? score_inside(input, masks) : replay(input);
  const ScoredBatch result = {{start_download(output.maps), start_download(output.scores)},
                              start_download(output.statistics)};
  // The only wait. After it, nothing on the device uses the uploaded pixels.
  streams_.wait();
  return result;
}

}  // namespace reverse_distillation
