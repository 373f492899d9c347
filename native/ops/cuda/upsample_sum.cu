#include "ops/cuda/upsample_sum.h"

#include <climits>

#include "ops/cuda/execution.cuh"
#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

namespace {

struct UpsampleArguments {
  const float* maps[kMaxMaps];
  int heights[kMaxMaps];
  int widths[kMaxMaps];
  float row_scales[kMaxMaps];
  float column_scales[kMaxMaps];
  int count;
  int height;
  int width;
  int blocks_across;
  int64_t rows;  ///< of all images
  float* output;
};

/// A warp takes 32 columns of an output row, a block as many rows as it has warps.
__global__ __launch_bounds__(kBlockThreads) void upsample_sum_kernel(
    const __grid_constant__ UpsampleArguments arguments) {
  const int thread = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(blockIdx.x);
  const int x = block % arguments.blocks_across * kWarpSize + thread % kWarpSize;
  const int64_t row =
      static_cast<int64_t>(block / arguments.blocks_across) * kBlockWarps + thread / kWarpSize;
  if (x >= arguments.width || row >= arguments.rows) return;
  const int64_t image = row / arguments.height;
  const auto y = static_cast<int>(row - image * arguments.height);

  float sum = 0.0F;
  for (int k = 0; k < arguments.count; ++k) {
    const int width = arguments.widths[k];
    const Interpolation down = interpolate_aligned(y, arguments.row_scales[k], arguments.heights[k]);
    const Interpolation across = interpolate_aligned(x, arguments.column_scales[k], width);
    const float* const map = arguments.maps[k] + image * arguments.heights[k] * width;
    const float* const upper = map + down.lower * width;
    const float* const lower = map + down.upper * width;
    const float left = __ldg(upper + across.lower);
    const float right = __ldg(upper + across.upper);
    const float above = left + across.weight * (right - left);
    const float left_below = __ldg(lower + across.lower);
    const float right_below = __ldg(lower + across.upper);
    const float below = left_below + across.weight * (right_below - left_below);
    sum += above + down.weight * (below - above);
  }
  arguments.output[row * arguments.width + x] = sum;
}

}  // namespace

cudaError_t launch_upsample_sum(std::span<const float* const> maps, std::span<const MapSize> sizes,
                                int64_t batch, int64_t height, int64_t width, float* output,
                                cudaStream_t stream) {
  const auto fits = [](int64_t size) { return size >= 1 && size <= INT_MAX; };
  if (maps.empty() || maps.size() > kMaxMaps || maps.size() != sizes.size()) return cudaErrorInvalidValue;
  if (batch < 0 || !fits(height) || !fits(width)) return cudaErrorInvalidValue;

  UpsampleArguments arguments = {};
  for (size_t k = 0; k < maps.size(); ++k) {
    if (!fits(sizes[k].height) || !fits(sizes[k].width)) return cudaErrorInvalidValue;
    arguments.maps[k] = maps[k];
    arguments.heights[k] = static_cast<int>(sizes[k].height);
    arguments.widths[k] = static_cast<int>(sizes[k].width);
    arguments.row_scales[k] = aligned_scale(sizes[k].height, height);
    arguments.column_scales[k] = aligned_scale(sizes[k].width, width);
  }
  arguments.count = static_cast<int>(maps.size());
  arguments.height = static_cast<int>(height);
  arguments.width = static_cast<int>(width);
  arguments.blocks_across = static_cast<int>((width + kWarpSize - 1) / kWarpSize);
  arguments.rows = batch * height;
  arguments.output = output;
  const int64_t blocks = (arguments.rows + kBlockWarps - 1) / kBlockWarps * arguments.blocks_across;
  if (blocks > INT_MAX) return cudaErrorInvalidValue;
  if (blocks == 0) return cudaSuccess;
  return launch(upsample_sum_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kBlockThreads), 0, stream,
                arguments);
}

}  // namespace reverse_distillation::cuda
