#include <ATen/ATen.h>

#include "device_tensor.h"
#include "harness.h"
#include "machine.h"
#include "naive.h"
#include "ops/cuda/smoothing.h"
#include "ops/cuda/upsample_sum.h"

namespace reverse_distillation::test {

namespace {

std::vector<cuda::MapSize> sizes_of(const std::vector<at::Tensor>& maps) {
  std::vector<cuda::MapSize> sizes;
  for (const at::Tensor& map : maps) sizes.push_back({map.size(1), map.size(2)});
  return sizes;
}

struct Smoothed {
  at::Tensor maps;
  at::Tensor scores;
};

Smoothed smooth(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                Lie lie = {}) {
  const cuda::SmoothingPlan plan = cuda::plan_smoothing(sizes_of(maps), height, width, sigma);
  const DeviceTensor tables(at::from_blob(const_cast<uint32_t*>(plan.tables.data()),
                                          {static_cast<int64_t>(plan.tables.size())}, at::kInt));
  std::vector<DeviceTensor> device_maps;
  std::vector<const float*> pointers;
  for (const at::Tensor& map : maps) {
    device_maps.emplace_back(map, lie);
    pointers.push_back(device_maps.back().data<float>());
  }
  const int64_t batch = maps[0].size(0);
  const DeviceTensor smoothed(batch * height * width, at::kFloat, lie);
  const DeviceTensor scores(batch, at::kFloat, lie);
  EXPECT(cuda::launch_smoothing(plan, tables.data(), pointers, batch, smoothed.data<float>(),
                                scores.data<float>(), nullptr) == cudaSuccess);
  return {smoothed.host().view({batch, height, width}), scores.host()};
}

void expect_smoothed(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, double sigma,
                     Lie lie = {}) {
  const at::Tensor expected = naive_gaussian_blur(naive_upsample_sum(maps, height, width), sigma);
  const Smoothed result = smooth(maps, height, width, sigma, lie);
  EXPECT_CLOSE(result.maps, expected, 1e-5, 0.0);
  EXPECT(at::equal(result.scores, result.maps.flatten(1).amax(1)));
}

at::Tensor upsample(const std::vector<at::Tensor>& maps, int64_t height, int64_t width, Lie lie = {}) {
  std::vector<DeviceTensor> device_maps;
  std::vector<const float*> pointers;
  for (const at::Tensor& map : maps) {
    device_maps.emplace_back(map, lie);
    pointers.push_back(device_maps.back().data<float>());
  }
  const int64_t batch = maps[0].size(0);
  const DeviceTensor output(batch * height * width, at::kFloat, lie);
  EXPECT(cuda::launch_upsample_sum(pointers, sizes_of(maps), batch, height, width, output.data<float>(),
                                   nullptr) == cudaSuccess);
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

TEST("upsample_sum on CUDA to the size that a map has is that map") {
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

TEST("smoothing on CUDA takes a backbone's three maps to image size in one launch") {
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

TEST("smoothing on CUDA takes maps that are larger than the output") {
  expect_smoothed({at::rand({1, 50, 70}), at::rand({1, 3, 90})}, 20, 33, 1.5);
}

TEST("smoothing on CUDA takes any sigma as far as shared memory goes, and says where it ends") {
  expect_smoothed({at::rand({1, 20, 5})}, 20, 5, 15.0);
  const cuda::SmoothingPlan fits = cuda::plan_smoothing(std::vector<cuda::MapSize>{{1815, 1}}, 1815, 1, 1e3);
  const cuda::SmoothingPlan exceeds =
      cuda::plan_smoothing(std::vector<cuda::MapSize>{{1816, 1}}, 1816, 1, 1e3);
  const auto launch = [](const cuda::SmoothingPlan& plan) {
    const DeviceTensor tables(at::from_blob(const_cast<uint32_t*>(plan.tables.data()),
                                            {static_cast<int64_t>(plan.tables.size())}, at::kInt));
    const DeviceTensor map(at::full({plan.height}, 0.5));
    const DeviceTensor smoothed(plan.height, at::kFloat);
    const std::vector<const float*> maps = {map.data<float>()};
    const cudaError_t error =
        cuda::launch_smoothing(plan, tables.data(), maps, 1, smoothed.data<float>(), nullptr, nullptr);
    if (error == cudaSuccess) EXPECT_CLOSE(smoothed.host(), map.host(), 1e-5, 0.0);
    return error;
  };
  EXPECT(launch(fits) == cudaSuccess);
  EXPECT(launch(exceeds) == cudaErrorInvalidValue);
  // However tall the map, the tile's reach counts.
  EXPECT(launch(cuda::plan_smoothing(std::vector<cuda::MapSize>{{4000, 1}}, 4000, 1, 150.0)) == cudaSuccess);
}

TEST("smoothing on CUDA scores the maximum over a map's tiles, and NaN where there is one") {
  const std::vector<std::vector<double>> cases = {{1.0, 2.0, 2.0},
                                                  {-1.0, -2.0, -1.0},
                                                  {-1.0, 3.0, 3.0},
                                                  {3.0, -1.0, 3.0},
                                                  {1.0, std::nan(""), std::nan("")}};
  for (const auto& values : cases) {
    for (uint32_t seed = 0; seed < 4; ++seed) {
      cuda_emulation::Machine::instance().seed(seed);
      // Sigma 0.1 leaves a map as it is; the first value has a tile for itself.
      at::Tensor map = at::full({1, 130, 70}, values[1]);
      map[0].slice(0, 0, 64).slice(1, 0, 32).fill_(values[0]);
      const at::Tensor score = smooth({map}, 130, 70, 0.1).scores;
      EXPECT(at::allclose(score, at::full({1}, values[2]), 0.0, 0.0, true),
             score << " instead of " << values[2]);
    }
  }
}

TEST("a smoothing plan refuses what does not fit, stating what it met") {
  const std::vector<cuda::MapSize> map = {{4, 4}};
  EXPECT_THROWS(cuda::plan_smoothing({}, 8, 8, 1.0), "got 0");
  EXPECT_THROWS(cuda::plan_smoothing(std::vector<cuda::MapSize>(5, {4, 4}), 8, 8, 1.0), "got 5");
  EXPECT_THROWS(cuda::plan_smoothing(map, 0, 8, 1.0), "got 0 x 8");
  EXPECT_THROWS(cuda::plan_smoothing(std::vector<cuda::MapSize>{{4, -1}}, 8, 8, 1.0), "got 4 x -1");
  EXPECT_THROWS(cuda::plan_smoothing(map, 8, 8, 0.0), "got 0");
  EXPECT_THROWS(cuda::plan_smoothing(map, 8, 8, std::nan("")), "got nan");
}

}  // namespace reverse_distillation::test
