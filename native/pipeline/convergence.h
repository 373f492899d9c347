#pragma once

#include <cstddef>
#include <vector>

namespace reverse_distillation {

/// Decides when training may end: once the loss, averaged over a window of epochs, is less than a twentieth
/// below that of the window before. The window evens out the noise of single epochs; at this fraction image
/// and pixel AUROC stop rising (docs/performance.md).
class Convergence {
 public:
  static constexpr size_t kWindow = 5;
  static constexpr double kFraction = 0.05;

  /// loss: the epoch's mean. Returns whether training may end; never true before two full windows.
  bool reached_with(double loss);

  /// The losses so far, in order.
  const std::vector<double>& losses() const { return losses_; }

 private:
  double mean(size_t begin) const;

  std::vector<double> losses_;
};

}  // namespace reverse_distillation
