#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation {

/// Collects the values that a convolution reads, to find the range that 8 bits should cover.
class ActivationRange {
 public:
  ActivationRange();

  /// values: float32, at least 0, dense in memory.
  void add(const at::Tensor& values);

  /// The value that a share of all values are at most, to 1 %; 0 if all of them are 0.
  float quantile(double share) const;

 private:
  std::vector<int64_t> counts_;
};

}  // namespace reverse_distillation
