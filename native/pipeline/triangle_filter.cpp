#include "pipeline/triangle_filter.h"

#include <cmath>

namespace reverse_distillation {

std::vector<Taps> triangle_taps(int64_t size, int64_t new_size) {
  const double scale = static_cast<double>(size) / static_cast<double>(new_size);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(new_size));
  for (int64_t i = 0; i < new_size; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t end = std::min(size, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0.0;
    for (int64_t j = first; j < end; ++j) {
      weights.push_back(std::max(0.0, 1.0 - std::fabs((static_cast<double>(j) - centre + 0.5) / support)));
      sum += weights.back();
    }
    Taps& tap = taps[static_cast<size_t>(i)];
    tap.first = first;
    for (const double weight : weights) tap.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

}  // namespace reverse_distillation
