#pragma once

#include <cstddef>
#include <vector>

namespace reverse_distillation {

/// When a training may end: once the loss, averaged over a window of epochs, has fallen by less than a
/// twentieth from the window before. The window takes the noise of single epochs out; the fraction is where
/// image and pixel AUROC have stopped to rise (docs/performance.md shows it).
class Convergence {
 public:
  static constexpr size_t kWindow = 5;
  static constexpr double kFraction = 0.05;

  /// loss: the mean over an epoch. Returns whether the epochs so far are enough; never before two windows.
  bool reached_with(double loss);

 private:
  double mean(size_t begin) const;

  std::vector<double> losses_;
};

}  // namespace reverse_distillation
