#pragma once

// Features of several scales, on the host as [N, C, H, W] and in emulated device memory in either layout.

#include <ATen/ATen.h>

#include <vector>

#include "device_tensor.h"

namespace reverse_distillation::test {

inline const std::vector<at::ScalarType> kFeatureTypes = {at::kFloat, at::kHalf, at::kBFloat16};
inline const std::vector<cuda::Layout> kFeatureLayouts = {cuda::Layout::kChannelsFirst,
                                                          cuda::Layout::kChannelsLast};

/// A scale's tensors, with room for its gradient and map.
class FeatureScale {
 public:
  FeatureScale(at::Tensor teacher, at::Tensor student, cuda::Layout layout, Lie lie)
      : teacher(std::move(teacher)),
        student(std::move(student)),
        layout_(layout),
        device_teacher_(in_layout(this->teacher), lie),
        device_student_(in_layout(this->student), lie),
        device_gradient_(this->student.numel(), this->student.scalar_type(), lie),
        device_map_(positions(), at::kFloat, lie) {}

  /// Normally distributed features of shape [N, C, H, W].
  FeatureScale(const std::vector<int64_t>& shape, at::ScalarType type, cuda::Layout layout, Lie lie = {})
      : FeatureScale(at::randn(shape).to(type), at::randn(shape).to(type), layout, lie) {}

  cuda::FeaturePair pair() const {
    return {device_teacher_.data(), device_student_.data(), student.size(1),
            student.size(2) * student.size(3), layout_};
  }
  float* map_data() const { return device_map_.data<float>(); }
  void* gradient_data() const { return device_gradient_.data(); }

  /// [N, H, W]
  at::Tensor map() const {
    return device_map_.host().view({student.size(0), student.size(2), student.size(3)});
  }
  /// [N, C, H, W]
  at::Tensor gradient() const {
    const at::Tensor flat = device_gradient_.host();
    if (layout_ == cuda::Layout::kChannelsFirst) return flat.view(student.sizes());
    return flat.view({student.size(0), student.size(2), student.size(3), student.size(1)})
        .permute({0, 3, 1, 2});
  }
  /// Elements of the scale's map.
  int64_t positions() const { return student.size(0) * student.size(2) * student.size(3); }

  at::Tensor teacher;
  at::Tensor student;

 private:
  at::Tensor in_layout(const at::Tensor& features) const {
    return layout_ == cuda::Layout::kChannelsFirst ? features : features.permute({0, 2, 3, 1});
  }

  cuda::Layout layout_;
  DeviceTensor device_teacher_;
  DeviceTensor device_student_;
  DeviceTensor device_gradient_;
  DeviceTensor device_map_;
};

inline std::vector<cuda::FeaturePair> pairs_of(const std::vector<FeatureScale>& scales) {
  std::vector<cuda::FeaturePair> pairs;
  for (const FeatureScale& scale : scales) pairs.push_back(scale.pair());
  return pairs;
}

inline std::vector<float*> maps_of(const std::vector<FeatureScale>& scales) {
  std::vector<float*> maps;
  for (const FeatureScale& scale : scales) maps.push_back(scale.map_data());
  return maps;
}

inline std::vector<void*> gradients_of(const std::vector<FeatureScale>& scales) {
  std::vector<void*> gradients;
  for (const FeatureScale& scale : scales) gradients.push_back(scale.gradient_data());
  return gradients;
}

}  // namespace reverse_distillation::test
