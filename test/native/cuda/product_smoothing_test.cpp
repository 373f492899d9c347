#include <ATen/ATen.h>

#include "device_maps.h"
#include "harness.h"
#include "machine.h"
#include "naive.h"
#include "ops/cuda/product_smoothing.h"
#include "ops/cuda/upsample_sum.h"

namespace reverse_distillation::test {

namespace {

at::Tensor naive_product(const std::vector<at::Tensor>& maps, int64_t height, int64_t width) {
  at::Tensor product = at::ones({maps[0].size(0), height, width}, at::kDouble);
  for (const at::Tensor& map : maps) product *= naive_upsample_sum({map}, height, width);
  return product;
}

Smoothed smooth_product(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                        Lie lie = {}) {
  const std::vector<cuda::MapSize> size = {{height, width}};
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(size, height, width, sigma);
  const DeviceTensor tables = tables_of(plan);
  const DeviceMaps device_maps(maps, lie);
  const int64_t batch = maps[0].size(0);
  size_t bytes = 0;
  EXPECT(cuda::product_smoothing_workspace(plan, batch, bytes) == cudaSuccess);
  return run_smoothing(
      batch, height, width, bytes,
      [&](float* smoothed, float* scores, void* workspace) {
        return cuda::launch_product_smoothing(device_maps.pointers(), sizes_of(maps), plan, tables.data(),
                                              batch, smoothed, scores, workspace, nullptr);
      },
      lie);
}

void expect_smoothed_product(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                             Lie lie = {}) {
  const Smoothed result = smooth_product(maps, height, width, sigma, lie);
  EXPECT_CLOSE(result.maps, naive_gaussian_blur(naive_product(maps, height, width), sigma), 1e-5, 0.0);
  EXPECT(at::equal(result.scores, result.maps.flatten(1).amax(1)));
}

const std::vector<std::pair<int64_t, int64_t>> kOutputs = {{64, 64}, {1, 1},   {33, 17},
                                                           {7, 1},   {96, 32}, {65, 70}};

}  // namespace

TEST("up-sampling on CUDA multiplies maps like a naive loop") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 5, 70})};
  for (const auto& [height, width] : kOutputs) {
    const DeviceMaps device_maps(maps);
    const DeviceTensor output(2 * height * width, at::kFloat);
    EXPECT(cuda::launch_upsample(device_maps.pointers(), sizes_of(maps), cuda::MapCombination::kProduct, 2,
                                 height, width, output.data<float>(), nullptr) == cudaSuccess);
    EXPECT_CLOSE(output.host().view({2, height, width}), naive_product(maps, height, width), 1e-5, 0.0);
  }
}

TEST("smoothing of a product on CUDA equals naive up-sampling, product and blur, and scores the maximum") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 1, 1}),
                                        at::rand({2, 5, 70})};
  for (size_t count = 1; count <= maps.size(); ++count) {
    const std::vector<at::Tensor> some(maps.begin(), maps.begin() + static_cast<int64_t>(count));
    for (const auto& [height, width] : kOutputs) expect_smoothed_product(some, height, width, 2.0);
  }
  for (const Lie& lie : kLies) expect_smoothed_product({maps[0], maps[1]}, 33, 40, 1.0, lie);
  EXPECT(smooth_product({at::rand({0, 4, 4})}, 8, 8, 4.0).maps.numel() == 0);
}

TEST("smoothing of a product on CUDA takes one launch while shared memory suffices, and two beyond") {
  const auto launches_of = [](double sigma) {
    const at::Tensor map = at::full({1, 130, 140}, 0.5);
    const int before = cuda_emulation::Machine::instance().launches();
    const Smoothed result = smooth_product({map, map}, 130, 140, sigma);
    EXPECT_CLOSE(result.maps, at::full({1, 130, 140}, 0.25), 1e-5, 0.0);
    return cuda_emulation::Machine::instance().launches() - before;
  };
  EXPECT(launches_of(8.0) == 1);
  const at::Tensor map = at::rand({1, 300, 300});
  const int before = cuda_emulation::Machine::instance().launches();
  const Smoothed result = smooth_product({map}, 300, 300, 23.0);
  EXPECT(cuda_emulation::Machine::instance().launches() - before == 2);
  EXPECT(at::equal(result.scores, result.maps.flatten(1).amax(1)));
  // A blur with reflected borders preserves the sum.
  EXPECT_CLOSE(result.maps.sum(), map.sum(), 1e-2, 0.0);
}

TEST("smoothing of a product on CUDA refuses a plan of another size and a missing workspace") {
  const at::Tensor map = at::rand({1, 4, 4});
  const std::vector<cuda::MapSize> two = {{4, 4}, {8, 8}};
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(two, 8, 8, 1.0);
  const DeviceTensor tables = tables_of(plan);
  const DeviceMaps maps({map});
  const DeviceTensor smoothed(64, at::kFloat);
  EXPECT(cuda::launch_product_smoothing(maps.pointers(), sizes_of({map}), plan, tables.data(), 1,
                                        smoothed.data<float>(), nullptr, nullptr,
                                        nullptr) == cudaErrorInvalidValue);
}

}  // namespace reverse_distillation::test
