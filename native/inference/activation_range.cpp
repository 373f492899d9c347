#include "inference/activation_range.h"

#include <numeric>

#include "inference/activation_kernels.h"

namespace reverse_distillation {

ActivationRange::ActivationRange() : counts_(cpu::kMagnitudes) {}

void ActivationRange::add(const at::Tensor& values) {
  cpu::count_magnitudes(values.const_data_ptr<float>(), values.numel(), counts_.data());
}

float ActivationRange::quantile(double share) const {
  const int64_t total = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
  const double wanted = share * static_cast<double>(total);
  int64_t below = 0;
  for (int64_t interval = 0; interval < cpu::kMagnitudes; ++interval) {
    below += counts_[interval];
    if (static_cast<double>(below) >= wanted) return interval == 0 ? 0.0F : cpu::magnitude(interval + 1);
  }
  return 0.0F;
}

}  // namespace reverse_distillation
