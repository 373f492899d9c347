#include "ops/gaussian_weights.h"

#include <cmath>

namespace reverse_distillation {

int64_t gaussian_radius(double sigma) { return static_cast<int64_t>(4.0 * sigma + 0.5); }

std::vector<float> gaussian_weights(double sigma) {
  const int64_t radius = gaussian_radius(sigma);
  std::vector<double> weights;
  weights.reserve(static_cast<size_t>(2 * radius + 1));
  double sum = 0.0;
  for (int64_t i = -radius; i <= radius; ++i) {
    const double x = static_cast<double>(i) / sigma;
    weights.push_back(std::exp(-0.5 * x * x));
    sum += weights.back();
  }
  std::vector<float> normalised;
  normalised.reserve(weights.size());
  for (const double weight : weights) normalised.push_back(static_cast<float>(weight / sum));
  return normalised;
}

}  // namespace reverse_distillation
