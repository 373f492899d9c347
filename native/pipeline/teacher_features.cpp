#include "pipeline/teacher_features.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>

#include <algorithm>

#include "core/device.h"
#include "core/gpu_backend.h"
#include "core/precision.h"
#include "core/temporary_file.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation {

namespace {

/// Bytes of a GPU's memory that features may take: half of what a step leaves, because others use it too.
int64_t room_for_features(c10::Device device) {
  return device.is_cpu() ? 0 : gpu_backend()->free_memory(device) / 2;
}

int64_t bytes_of(const std::vector<at::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace

FeaturePlace place_features(int64_t bytes, const FeatureBudget& budget, c10::Device device,
                            int64_t room_on_device) {
  const bool on_device = !device.is_cpu() && budget.memory > 0 && bytes <= room_on_device;
  if (on_device) return {FeatureStorage::kMemory, device};
  if (bytes <= budget.memory) return {FeatureStorage::kMemory, c10::Device(at::kCPU)};
  return {bytes <= budget.disk ? FeatureStorage::kFile : FeatureStorage::kNone, c10::Device(at::kCPU)};
}

TeacherFeatures::TeacherFeatures(const TeacherImpl& teacher, const ImageSet& images,
                                 const ModelConfig& config, FeatureBudget budget)
    : teacher_(teacher, scalar_type(config.precision)),
      images_(images),
      options_(
          c10::TensorOptions(teacher.convolution()->weight.device()).dtype(scalar_type(config.precision))),
      format_(network_format(options_.device(), config.precision)),
      normalisation_(config.normalisation),
      budget_(std::move(budget)),
      known_(static_cast<size_t>(images.size()), false) {}

std::vector<at::Tensor> TeacherFeatures::batch(const at::Tensor& indices) {
  const torch::NoGradGuard no_grad;
  if (!keeps(indices)) return compute(indices);
  std::vector<at::Tensor> features;
  for (const at::Tensor& kept : kept_) {
    const at::Tensor chosen = kept.index_select(0, move_to(indices, kept.device()));
    features.push_back(from_memory_order(move_to(chosen, options_.device())));
  }
  return features;
}

void TeacherFeatures::keep(const at::Tensor& indices, const std::vector<at::Tensor>& features) {
  const torch::NoGradGuard no_grad;
  if (storage_ == FeatureStorage::kUndecided) allocate(features);
  if (kept_.empty() || keeps(indices)) return;
  for (size_t k = 0; k < kept_.size(); ++k) {
    const c10::Device place = kept_[k].device();
    kept_[k].index_copy_(0, move_to(indices, place), to_memory_order(features[k]).to(place));
  }
  for (int64_t i = 0; i < indices.numel(); ++i) {
    known_[static_cast<size_t>(indices[i].item<int64_t>())] = true;
  }
}

bool TeacherFeatures::settled() const {
  if (storage_ == FeatureStorage::kNone) return true;
  return std::find(known_.begin(), known_.end(), false) == known_.end();
}

std::vector<at::Tensor> TeacherFeatures::compute(const at::Tensor& indices) {
  const at::Tensor images = move_to(images_.batch(indices), options_.device());
  return teacher_.run(normalise(images, normalisation_).to(options_).contiguous(format_));
}

at::Tensor TeacherFeatures::to_memory_order(const at::Tensor& features) const {
  return format_ == at::MemoryFormat::ChannelsLast ? features.permute({0, 2, 3, 1}) : features;
}

at::Tensor TeacherFeatures::from_memory_order(const at::Tensor& kept) const {
  return format_ == at::MemoryFormat::ChannelsLast ? kept.permute({0, 3, 1, 2}) : kept;
}

void TeacherFeatures::allocate(const std::vector<at::Tensor>& features) {
  const c10::Device device = options_.device();
  const int64_t needed = bytes_of(features) / features.front().size(0) * images_.size();
  const FeaturePlace place = place_features(needed, budget_, device, room_for_features(device));
  storage_ = place.storage;
  if (storage_ == FeatureStorage::kNone) return;
  for (const at::Tensor& scale : features) {
    std::vector<int64_t> shape = to_memory_order(scale).sizes().vec();
    shape[0] = images_.size();
    kept_.push_back(storage_ == FeatureStorage::kMemory
                        ? at::empty(shape, scale.options().device(place.device))
                        : map_temporary_file(budget_.folder, shape, scale.scalar_type()));
  }
}

bool TeacherFeatures::keeps(const at::Tensor& indices) const {
  for (int64_t i = 0; i < indices.numel(); ++i) {
    if (!known_[static_cast<size_t>(indices[i].item<int64_t>())]) return false;
  }
  return true;
}

}  // namespace reverse_distillation
