#pragma once

// The layer between an operator's tensors and the kernels' launch functions.

#include <ATen/core/Tensor.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <vector>

#include "ops/cuda/features.h"

namespace reverse_distillation::cuda {

/// Makes a tensor's device current for the lifetime of this object, and returns the device's current stream.
class LaunchOn {
 public:
  explicit LaunchOn(const at::Tensor& tensor)
      : guard_(tensor.device()), stream_(c10::cuda::getCurrentCUDAStream(tensor.device().index())) {}

  cudaStream_t stream() const { return stream_.stream(); }

 private:
  c10::cuda::CUDAGuard guard_;
  c10::cuda::CUDAStream stream_;
};

/// Throws c10::Error, naming the operator, if a launch failed. Does not wait for the kernel.
void check_launch(cudaError_t error, const char* op);

/// Features without gaps, in the form that the launch functions need. Pairs without elements are left out:
/// there is nothing to launch for them.
class DenseFeatures {
 public:
  /// `teacher` and `student` must have passed `check_feature_pairs`. Throws c10::Error if there are too many
  /// pairs, or if they differ in type or device.
  DenseFeatures(at::TensorList teacher, at::TensorList student);

  FeaturePairs pairs() const { return pairs_; }
  bool empty() const { return pairs_.empty(); }
  ElementType type() const { return type_; }
  int64_t batch() const { return batch_; }

  /// Uninitialised tensors, one per pair (empty pairs included): float32 [N, H_k, W_k].
  std::vector<at::Tensor> make_maps() const;

  /// Uninitialised tensors, one per pair (empty pairs included), of the student's shape, dtype and layout.
  std::vector<at::Tensor> make_gradients() const;

 private:
  std::vector<at::Tensor> teacher_;
  std::vector<at::Tensor> student_;
  std::vector<FeaturePair> pairs_;
  ElementType type_;
  int64_t batch_;
};

/// Data pointers of those tensors that have elements, in their order.
template <typename T>
std::vector<T*> pointers_to(at::TensorList tensors) {
  std::vector<T*> pointers;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.numel() > 0) pointers.push_back(static_cast<T*>(tensor.data_ptr()));
  }
  return pointers;
}

/// Throws c10::Error for a type that no kernel reads.
ElementType element_type(at::ScalarType type);

}  // namespace reverse_distillation::cuda
