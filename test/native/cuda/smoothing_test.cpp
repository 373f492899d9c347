#include <ATen/ATen.h>

#include "device_maps.h"
#include "harness.h"
#include "machine.h"
#include "naive.h"
#include "ops/cuda/smoothing.h"
#include "ops/cuda/smoothing_passes.h"
#include "ops/cuda/upsample_sum.h"

namespace reverse_distillation::test {

namespace {

Smoothed smooth(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                Lie lie = {}) {
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(sizes_of(maps), height, width, sigma);
  const DeviceTensor tables = tables_of(plan);
  const DeviceMaps device_maps(maps, lie);
  const int64_t batch = maps[0].size(0);
  size_t bytes = 0;
  EXPECT(cuda::smoothing_workspace(plan, batch, bytes) == cudaSuccess);
  return run_smoothing(
      batch, height, width, bytes,
      [&](float* smoothed, float* scores, void* workspace) {
        return cuda::launch_smoothing(plan, tables.data(), device_maps.pointers(), batch, smoothed, scores,
                                      workspace, nullptr);
      },
      lie);
}

/// The same in passes that meet in device memory.
Smoothed smooth_in_passes(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                          Lie lie = {}) {
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(sizes_of(maps), height, width, sigma);
  const DeviceTensor tables = tables_of(plan);
  const DeviceMaps device_maps(maps, lie);
  const int64_t batch = maps[0].size(0);
  return run_smoothing(
      batch, height, width, cuda::smoothing_passes_workspace(plan, batch),
      [&](float* smoothed, float* scores, void* workspace) {
        return cuda::launch_smoothing_passes(plan, tables.data(), device_maps.pointers(), batch, smoothed,
                                             scores, workspace, nullptr);
      },
      lie);
}

void expect_smoothed(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                     Lie lie = {}) {
  const at::Tensor expected = naive_gaussian_blur(naive_upsample_sum(maps, height, width), sigma);
  const Smoothed result = smooth(maps, height, width, sigma, lie);
  EXPECT_CLOSE(result.maps, expected, 1e-5, 0.0);
  EXPECT(at::equal(result.scores, result.maps.flatten(1).amax(1)));
}

at::Tensor upsample(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, Lie lie = {}) {
  const DeviceMaps device_maps(maps, lie);
  const int64_t batch = maps[0].size(0);
  const DeviceTensor output(batch * height * width, at::kFloat, lie);
  EXPECT(cuda::launch_upsample(device_maps.pointers(), sizes_of(maps), cuda::MapCombination::kSum, batch,
                               height, width, output.data<float>(), nullptr) == cudaSuccess);
  return output.host().view({batch, height, width});
}

const std::vector<std::pair<int64_t, int64_t>> kOutputs = {{64, 64}, {1, 1},   {33, 17},
                                                           {7, 1},   {96, 32}, {65, 70}};

}  // namespace

TEST("upsample_sum on CUDA equals a naive loop over one to four maps of odd sizes") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 1, 1}),
                                        at::rand({2, 5, 70})};
  for (size_t count = 1; count <= maps.size(); ++count) {
    const std::vector<at::Tensor> some(maps.begin(), maps.begin() + static_cast<int64_t>(count));
    for (const auto& [height, width] : kOutputs) {
      for (const Lie& lie : kLies) {
        EXPECT_CLOSE(upsample(some, height, width, lie), naive_upsample_sum(some, height, width), 1e-5, 0.0);
      }
    }
  }
  EXPECT(upsample({at::rand({0, 4, 4})}, 8, 8).numel() == 0);
}

TEST("upsample_sum on CUDA to a map's own size is that map") {
  const at::Tensor map = at::rand({3, 17, 19});
  EXPECT(at::equal(upsample({map}, 17, 19), map));
}

TEST("smoothing on CUDA equals naive up-sampling, sum and blur, and scores the maximum") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 1, 1}),
                                        at::rand({2, 5, 70})};
  for (size_t count = 1; count <= maps.size(); ++count) {
    const std::vector<at::Tensor> some(maps.begin(), maps.begin() + static_cast<int64_t>(count));
    for (const auto& [height, width] : kOutputs) expect_smoothed(some, height, width, 2.0);
  }
  for (const Lie& lie : kLies) expect_smoothed({maps[0], maps[1]}, 33, 40, 1.0, lie);
  const Smoothed empty = smooth({at::rand({0, 4, 4})}, 8, 8, 4.0);
  EXPECT(empty.maps.numel() == 0 && empty.scores.numel() == 0);
}

TEST("smoothing on CUDA brings a backbone's three maps to image size in one launch") {
  const int launches = cuda_emulation::Machine::instance().launches();
  expect_smoothed({at::rand({1, 32, 24}), at::rand({1, 16, 12}), at::rand({1, 8, 6})}, 128, 96, 4.0);
  EXPECT(cuda_emulation::Machine::instance().launches() == launches + 1);
}

TEST(
    "smoothing on CUDA of one map of the same size is gaussian_blur, over sizes below, at and above its "
    "radius") {
  for (const double sigma : {0.1, 0.5, 1.3, 4.0}) {
    for (const auto& shape :
         {std::vector<int64_t>{1, 1, 1}, {2, 1, 5}, {1, 7, 3}, {1, 16, 17}, {1, 40, 33}}) {
      const at::Tensor map = at::rand(shape);
      expect_smoothed({map}, shape[1], shape[2], sigma);
    }
  }
  expect_smoothed({at::rand({1, 3, 70})}, 3, 70, 9.0);
  expect_smoothed({at::rand({1, 70, 3})}, 70, 3, 8.0);
  const at::Tensor map = at::rand({1, 5, 5});
  EXPECT(at::equal(smooth({map}, 5, 5, 0.1).maps, map));
}

TEST("smoothing on CUDA accepts maps that are larger than the output") {
  expect_smoothed({at::rand({1, 50, 70}), at::rand({1, 3, 90})}, 20, 33, 1.5);
}

TEST(
    "smoothing on CUDA accepts any sigma: in one launch while shared memory suffices, beyond that in "
    "passes") {
  expect_smoothed({at::rand({1, 20, 5})}, 20, 5, 15.0);
  const auto launches_of = [](int64_t height, double sigma) {
    const at::Tensor map = at::full({2, height, 1}, 0.5);
    const int before = cuda_emulation::Machine::instance().launches();
    const Smoothed result = smooth({map}, height, 1, sigma);
    EXPECT_CLOSE(result.maps, map, 1e-5, 0.0);
    EXPECT_CLOSE(result.scores, at::full({2}, 0.5), 1e-5, 0.0);
    return cuda_emulation::Machine::instance().launches() - before;
  };
  EXPECT(launches_of(1815, 1e3) == 1);
  EXPECT(launches_of(1816, 1e3) == 2);
  // However tall the map, only the tile's reach counts.
  EXPECT(launches_of(4000, 150.0) == 1);
}

TEST("smoothing on CUDA in passes equals naive up-sampling, sum and blur, and scores the maximum") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 1, 1}),
                                        at::rand({2, 40, 70})};
  for (size_t count = 1; count <= maps.size(); ++count) {
    const std::vector<at::Tensor> some(maps.begin(), maps.begin() + static_cast<int64_t>(count));
    for (const auto& [height, width] : kOutputs) {
      const Smoothed result = smooth_in_passes(some, height, width, 2.0);
      EXPECT_CLOSE(result.maps, naive_gaussian_blur(naive_upsample_sum(some, height, width), 2.0), 1e-5, 0.0);
      EXPECT(at::equal(result.scores, result.maps.flatten(1).amax(1)));
    }
  }
  for (const Lie& lie : kLies) {
    // Equal to the bit to the single launch: the same sums in the same order.
    EXPECT(at::equal(smooth_in_passes({maps[0], maps[1]}, 70, 40, 1.0, lie).maps,
                     smooth({maps[0], maps[1]}, 70, 40, 1.0, lie).maps));
  }
  EXPECT(smooth_in_passes({at::rand({0, 4, 4})}, 8, 8, 4.0).maps.numel() == 0);
}

TEST("smoothing on CUDA is refused without the workspace that it needs") {
  const at::Tensor map = at::rand({1, 1816, 1});
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(sizes_of({map}), 1816, 1, 1e3);
  const DeviceTensor tables = tables_of(plan);
  const DeviceMaps maps({map});
  const DeviceTensor smoothed(1816, at::kFloat);
  EXPECT(cuda::launch_smoothing(plan, tables.data(), maps.pointers(), 1, smoothed.data<float>(), nullptr,
                                nullptr, nullptr) == cudaErrorInvalidValue);
}

TEST("smoothing on CUDA scores the maximum over a map's tiles, and NaN if there is one") {
  const std::vector<std::vector<double>> cases = {{1.0, 2.0, 2.0},
                                                  {-1.0, -2.0, -1.0},
                                                  {-1.0, 3.0, 3.0},
                                                  {3.0, -1.0, 3.0},
                                                  {1.0, std::nan(""), std::nan("")}};
  for (const auto& values : cases) {
    for (uint32_t seed = 0; seed < 4; ++seed) {
      cuda_emulation::Machine::instance().seed(seed);
      // Sigma 0.1 leaves a map unchanged; the first value has a tile to itself.
      at::Tensor map = at::full({1, 130, 70}, values[1]);
      map[0].slice(0, 0, 64).slice(1, 0, 32).fill_(values[0]);
      const at::Tensor score = smooth({map}, 130, 70, 0.1).scores;
      EXPECT(at::allclose(score, at::full({1}, values[2]), 0.0, 0.0, true),
             score << " instead of " << values[2]);
    }
  }
}

TEST("a smoothing plan refuses arguments out of range, and states them") {
  const std::vector<cuda::MapSize> map = {{4, 4}};
  EXPECT_THROWS(cuda::plan_smoothing({}, 8, 8, 1.0), "got 0");
  EXPECT_THROWS(cuda::plan_smoothing(std::vector<cuda::MapSize>(5, {4, 4}), 8, 8, 1.0), "got 5");
  EXPECT_THROWS(cuda::plan_smoothing(map, 0, 8, 1.0), "got 0 x 8");
  EXPECT_THROWS(cuda::plan_smoothing(std::vector<cuda::MapSize>{{4, -1}}, 8, 8, 1.0), "got 4 x -1");
  EXPECT_THROWS(cuda::plan_smoothing(map, 8, 8, 0.0), "got 0");
  EXPECT_THROWS(cuda::plan_smoothing(map, 8, 8, std::nan("")), "got nan");
}

}  // namespace reverse_distillation::test
