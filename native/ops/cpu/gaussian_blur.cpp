#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <algorithm>

#include "ops/checks.h"
#include "ops/cpu/map_kernels.h"
#include "ops/gaussian_weights.h"
#include "ops/kernel_math.h"

namespace reverse_distillation {

namespace {

/// Multiply-adds below which another thread does not pay.
constexpr int64_t kBlurGrain = 1 << 18;

at::Tensor gaussian_blur_cpu(const at::Tensor& maps, double sigma) {
  check_gaussian_blur(maps, sigma);
  const at::Tensor input = maps.contiguous();
  at::Tensor output = at::empty_like(input);
  if (input.numel() == 0) return output;

  const std::vector<float> weights = gaussian_weights(sigma);
  const auto taps = static_cast<int64_t>(weights.size());
  const int64_t radius = taps / 2;
  const int64_t height = input.size(1);
  const int64_t width = input.size(2);
  const float* const source = input.data_ptr<float>();
  float* const target = output.data_ptr<float>();

  // Output rows are independent: the vertical pass writes a padded row, the horizontal pass the output.
  const int64_t grain = std::max<int64_t>(1, kBlurGrain / (2 * taps * width));
  at::parallel_for(0, input.size(0) * height, grain, [&](int64_t begin, int64_t end) {
    std::vector<const float*> rows(weights.size());
    std::vector<float> padded(static_cast<size_t>(width + 2 * radius));
    float* const inner = padded.data() + radius;
    for (int64_t i = begin; i < end; ++i) {
      const float* const map = source + i / height * height * width;
      const int64_t y = i % height;
      for (int64_t tap = 0; tap < taps; ++tap) {
        rows[static_cast<size_t>(tap)] = map + reflect_index(y + tap - radius, height) * width;
      }
      cpu::weigh_rows(rows.data(), weights.data(), taps, width, inner);
      for (int64_t x = 1; x <= radius; ++x) {
        inner[-x] = inner[reflect_index(-x, width)];
        inner[width - 1 + x] = inner[reflect_index(width - 1 + x, width)];
      }
      cpu::convolve_row(padded.data(), weights.data(), taps, width, target + i * width);
    }
  });
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) { library.impl("gaussian_blur", gaussian_blur_cpu); }

}  // namespace reverse_distillation
