#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>

#include "ops/checks.h"
#include "ops/cpu/map_kernels.h"
#include "ops/kernel_math.h"

namespace reverse_distillation {

namespace {

/// Output elements below which another thread does not pay.
constexpr int64_t kUpsampleGrain = 16384;

/// The interpolation of every output column, computed once for all rows.
struct ColumnTable {
  std::vector<int32_t> lower;
  std::vector<int32_t> upper;
  std::vector<float> weight;

  ColumnTable(int64_t input, int64_t output) {
    const float scale = aligned_scale(input, output);
    for (int64_t x = 0; x < output; ++x) {
      const Interpolation at = interpolate_aligned(x, scale, input);
      lower.push_back(static_cast<int32_t>(at.lower));
      upper.push_back(static_cast<int32_t>(at.upper));
      weight.push_back(at.weight);
    }
  }

  cpu::Columns columns() const { return {lower.data(), upper.data(), weight.data()}; }
};

at::Tensor upsample_sum_cpu(at::TensorList maps, int64_t height, int64_t width) {
  check_upsample_sum(maps, height, width);
  std::vector<at::Tensor> inputs;
  std::vector<ColumnTable> tables;
  int64_t widest = 0;
  for (const at::Tensor& map : maps) {
    inputs.push_back(map.contiguous());
    tables.emplace_back(map.size(2), width);
    widest = std::max(widest, map.size(2));
  }
  at::Tensor output = at::empty({maps[0].size(0), height, width}, maps[0].options());
  float* const data = output.data_ptr<float>();

  const int64_t grain = std::max<int64_t>(1, kUpsampleGrain / width);
  at::parallel_for(0, output.size(0) * height, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> blended(static_cast<size_t>(widest));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / height;
      const int64_t y = i % height;
      for (size_t k = 0; k < inputs.size(); ++k) {
        const int64_t h = inputs[k].size(1);
        const int64_t w = inputs[k].size(2);
        const float* map = inputs[k].data_ptr<float>() + image * h * w;
        const Interpolation at = interpolate_aligned(y, aligned_scale(h, height), h);
        cpu::blend_rows(map + at.lower * w, map + at.upper * w, at.weight, w, blended.data());
        cpu::interpolate_row(blended.data(), tables[k].columns(), width, k > 0, data + i * width);
      }
    }
  });
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) { library.impl("upsample_sum", upsample_sum_cpu); }

}  // namespace reverse_distillation
