#include "pipeline/convergence.h"

#include <numeric>

namespace reverse_distillation {

bool Convergence::reached_with(double loss) {
  losses_.push_back(loss);
  if (losses_.size() < 2 * kWindow) return false;
  const size_t end = losses_.size();
  // A loss that is NaN does not improve either.
  return !(mean(end - kWindow) <= (1.0 - kFraction) * mean(end - 2 * kWindow));
}

double Convergence::mean(size_t begin) const {
  const auto first = losses_.begin() + static_cast<std::ptrdiff_t>(begin);
  return std::accumulate(first, first + kWindow, 0.0) / kWindow;
}

}  // namespace reverse_distillation
