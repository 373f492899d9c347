#include <ATen/ATen.h>

#include "harness.h"
#include "naive.h"
#include "ops/ops.h"

namespace reverse_distillation::test::maps_test {

TEST("upsample_sum equals a naive loop over one to four maps of odd sizes") {
  const std::vector<at::Tensor> maps = {at::rand({2, 16, 16}), at::rand({2, 8, 9}), at::rand({2, 1, 1}),
                                        at::rand({2, 5, 70})};
  for (size_t count = 1; count <= maps.size(); ++count) {
    const std::vector<at::Tensor> some(maps.begin(), maps.begin() + static_cast<int64_t>(count));
    for (const auto& [height, width] :
         {std::pair<int64_t, int64_t>{64, 64}, {1, 1}, {33, 17}, {7, 1}, {96, 32}}) {
      EXPECT_CLOSE(upsample_sum(some, height, width), naive_upsample_sum(some, height, width), 1e-5, 0.0);
    }
  }
}

TEST("upsample_sum to a map's own size is that map") {
  const at::Tensor map = at::rand({3, 17, 19});
  EXPECT(at::equal(upsample_sum(map, 17, 19), map));
}

TEST("upsample_sum accepts empty batches and maps that are not contiguous") {
  EXPECT(upsample_sum(at::rand({0, 4, 4}), 8, 8).sizes() == at::IntArrayRef({0, 8, 8}));
  const at::Tensor map = at::rand({2, 6, 9}).transpose(1, 2);
  EXPECT_CLOSE(upsample_sum(map, 20, 20), naive_upsample_sum({map}, 20, 20), 1e-5, 0.0);
}

TEST("upsample_sum refuses arguments that do not match, and states them") {
  const at::Tensor map = at::rand({1, 2, 2});
  EXPECT_THROWS(upsample_sum({map, map, map, map, map}, 4, 4), "got 5");
  EXPECT_THROWS(upsample_sum(map, 0, 4), "got 0 x 4");
  EXPECT_THROWS(upsample_sum(map.unsqueeze(0), 4, 4), "[1, 1, 2, 2]");
  EXPECT_THROWS(upsample_sum(map.to(at::kDouble), 4, 4), "Double");
  EXPECT_THROWS(upsample_sum({map, at::rand({2, 2, 2})}, 4, 4), "agree in batch");
}

TEST("upsample_product refuses what upsample_sum refuses") {
  const at::Tensor map = at::rand({2, 2, 2});
  EXPECT_THROWS(upsample_product({map, map, map, map, map}, 4, 4), "got 5");
  EXPECT_THROWS(upsample_product({map, at::rand({1, 2, 2})}, 4, 4), "agree in batch");
}

TEST("operators on lists say that a list is empty") {
  EXPECT_THROWS(upsample_sum({}, -1, -1), "got 0");
  EXPECT_THROWS(upsample_product({}, 4, 4), "got 0");
  EXPECT_THROWS(smooth_maps({}, 4, 4, 1.0, false), "got 0");
  EXPECT_THROWS(cosine_map({}, {}), "got 0");
  EXPECT_THROWS(cosine_map_backward({}, {}, {}), "got 0");
  EXPECT_THROWS(location_loss({}, {}), "got 0");
  EXPECT_THROWS(global_loss({}, {}), "got 0");
  EXPECT_THROWS(anomaly_map({}, {}, 4, 4, 1.0, true), "got 0");
}

TEST("gaussian_blur equals a naive two-dimensional loop over sizes below, at and above its radius") {
  for (const double sigma : {0.1, 0.5, 1.3, 4.0}) {
    for (const auto& shape :
         {std::vector<int64_t>{1, 1, 1}, {2, 1, 5}, {1, 7, 3}, {1, 16, 17}, {1, 40, 33}}) {
      const at::Tensor maps = at::rand(shape);
      EXPECT_CLOSE(gaussian_blur(maps, sigma), naive_gaussian_blur(maps, sigma), 2e-6, 0.0);
    }
  }
  const at::Tensor wide = at::rand({1, 3, 70});
  EXPECT_CLOSE(gaussian_blur(wide, 9.0), naive_gaussian_blur(wide, 9.0), 2e-6, 0.0);
}

TEST("gaussian_blur preserves a constant map, and with a small enough sigma any map") {
  EXPECT_CLOSE(gaussian_blur(at::full({1, 30, 41}, 0.7), 4.0), at::full({1, 30, 41}, 0.7), 1e-6, 0.0);
  const at::Tensor map = at::rand({1, 5, 5});
  EXPECT(at::equal(gaussian_blur(map, 0.1), map));
}

TEST("gaussian_blur accepts empty batches and maps that are not contiguous") {
  EXPECT(gaussian_blur(at::rand({0, 8, 8}), 4.0).sizes() == at::IntArrayRef({0, 8, 8}));
  const at::Tensor maps = at::rand({2, 9, 12}).transpose(1, 2);
  EXPECT_CLOSE(gaussian_blur(maps, 2.0), naive_gaussian_blur(maps, 2.0), 2e-6, 0.0);
}

TEST("gaussian_blur refuses arguments that do not match, and states them") {
  EXPECT_THROWS(gaussian_blur(at::rand({1, 4, 4}), 0.0), "got 0");
  EXPECT_THROWS(gaussian_blur(at::rand({1, 4, 4}), -1.0), "got -1");
  EXPECT_THROWS(gaussian_blur(at::rand({1, 4, 4}), std::nan("")), "got nan");
  EXPECT_THROWS(gaussian_blur(at::rand({1, 4, 4}), 1e300), "at most 1000; got 1e+300");
  EXPECT_THROWS(gaussian_blur(at::rand({4, 4}), 1.0), "[4, 4]");
}

TEST("upsample_sum and gaussian_blur say that they cannot be differentiated") {
  const at::Tensor map = at::rand({1, 4, 4}).set_requires_grad(true);
  EXPECT_THROWS(upsample_sum(map, 8, 8).sum().backward(), "not implemented");
  EXPECT_THROWS(gaussian_blur(map, 1.0).sum().backward(), "not implemented");
}

}  // namespace reverse_distillation::test::maps_test
