#pragma once

#include <cstdint>
#include <vector>

namespace reverse_distillation {

/// The largest sigma, in pixels. The weights of a larger one would fill memory.
constexpr double kLargestSigma = 1000.0;

/// Radius in pixels at which `scipy.ndimage.gaussian_filter` truncates a Gaussian: int(4 sigma + 0.5).
int64_t gaussian_radius(double sigma);

/// The 2 radius + 1 weights of that Gaussian, normalised to a sum of 1 in double precision. `sigma` > 0.
std::vector<float> gaussian_weights(double sigma);

}  // namespace reverse_distillation
