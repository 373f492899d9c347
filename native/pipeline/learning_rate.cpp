#include "pipeline/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace reverse_distillation {

double learning_rate_at(int64_t step, double learning_rate, Decay decay) {
  const int64_t warm_up = std::min(kWarmUpSteps, decay.end / 10);
  if (step < warm_up) return learning_rate * static_cast<double>(step + 1) / static_cast<double>(warm_up);
  const int64_t begin = std::max(decay.begin, warm_up);
  if (step < begin) return learning_rate;
  const double done =
      static_cast<double>(step - begin) / static_cast<double>(std::max<int64_t>(1, decay.end - begin));
  const double falling = 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(1.0, done)));
  return learning_rate * (kLeft + (1.0 - kLeft) * falling);
}

}  // namespace reverse_distillation
