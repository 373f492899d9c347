#pragma once

// Maps in emulated device memory, and the smoothing kernels run on them.

#include <ATen/ATen.h>

#include <cuda_runtime.h>

#include <span>
#include <vector>

#include "device_tensor.h"
#include "harness.h"
#include "ops/cuda/smoothing_plan.h"

namespace reverse_distillation::test {

inline std::vector<cuda::MapSize> sizes_of(const std::vector<at::Tensor>& maps) {
  std::vector<cuda::MapSize> sizes;
  for (const at::Tensor& map : maps) sizes.push_back({map.size(1), map.size(2)});
  return sizes;
}

/// The plan's tables in device memory.
inline DeviceTensor tables_of(const cuda::SmoothingPlan& plan) {
  return DeviceTensor(at::from_blob(const_cast<uint32_t*>(plan.tables.data()),
                                    {static_cast<int64_t>(plan.tables.size())}, at::kInt));
}

/// Maps [N, H_k, W_k] in device memory.
class DeviceMaps {
 public:
  explicit DeviceMaps(const std::vector<at::Tensor>& maps, Lie lie = {}) {
    for (const at::Tensor& map : maps) {
      maps_.emplace_back(map, lie);
      pointers_.push_back(maps_.back().data<float>());
    }
  }
  std::span<const float* const> pointers() const { return pointers_; }

 private:
  std::vector<DeviceTensor> maps_;
  std::vector<const float*> pointers_;
};

struct Smoothed {
  at::Tensor maps;
  at::Tensor scores;
};

/// Runs `launch(smoothed, scores, workspace)` on poisoned memory of the right sizes; the workspace is null if
/// `workspace_bytes` is 0.
template <typename Launch>
Smoothed run_smoothing(int64_t batch, int64_t height, int64_t width, size_t workspace_bytes,
                       const Launch& launch, Lie lie = {}) {
  const DeviceTensor smoothed(batch * height * width, at::kFloat, lie);
  const DeviceTensor scores(batch, at::kFloat, lie);
  const DeviceTensor workspace(static_cast<int64_t>(workspace_bytes / sizeof(float)), at::kFloat);
  const cudaError_t error =
      launch(smoothed.data<float>(), scores.data<float>(), workspace_bytes > 0 ? workspace.data() : nullptr);
  EXPECT(error == cudaSuccess, error);
  workspace.host();
  return {smoothed.host().view({batch, height, width}), scores.host()};
}

}  // namespace reverse_distillation::test
