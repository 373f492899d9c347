#include <ATen/ATen.h>
#include <torch/autograd.h>

#include "harness.h"
#include "naive.h"
#include "ops/ops.h"

namespace reverse_distillation::test::cosine_map_test {

namespace {

/// Odd sizes, one pixel, one channel, an empty batch, more positions than a block holds.
const std::vector<std::vector<int64_t>> kShapes = {{1, 1, 1, 1},    {2, 3, 5, 7},  {1, 64, 1, 1},
                                                   {3, 17, 9, 13},  {0, 8, 4, 4},  {2, 256, 16, 16},
                                                   {1, 33, 17, 31}, {1, 5, 64, 65}};
const at::MemoryFormat kLayouts[] = {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast};

at::Tensor random_features(const std::vector<int64_t>& shape, at::ScalarType dtype, at::MemoryFormat layout) {
  return at::randn(shape).to(dtype).contiguous(layout);
}

}  // namespace

TEST("cosine_map equals a naive loop over shapes, layouts and dtypes") {
  for (const auto& shape : kShapes) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      for (const at::MemoryFormat layout : kLayouts) {
        const at::Tensor t = random_features(shape, dtype, layout);
        const at::Tensor s = random_features(shape, dtype, layout);
        const at::Tensor map = cosine_map({t}, {s})[0];
        EXPECT(map.scalar_type() == at::kFloat);
        EXPECT_CLOSE(map, naive_cosine_map(t, s), 2e-6, 0.0);
      }
    }
  }
}

TEST("cosine_map accepts features of mixed layouts and features that are not contiguous") {
  const at::Tensor t = random_features({2, 6, 8, 10}, at::kFloat, at::MemoryFormat::ChannelsLast);
  const at::Tensor s = random_features({2, 6, 8, 10}, at::kFloat, at::MemoryFormat::Contiguous);
  EXPECT_CLOSE(cosine_map({t}, {s})[0], naive_cosine_map(t, s), 2e-6, 0.0);
  const at::Tensor cut = t.slice(3, 1, 9, 2);
  EXPECT_CLOSE(cosine_map({cut}, {s.slice(3, 0, 4)})[0], naive_cosine_map(cut, s.slice(3, 0, 4)), 2e-6, 0.0);
}

TEST("cosine_map returns one map for each of several scales") {
  const std::vector<at::Tensor> t = {at::randn({2, 4, 8, 8}), at::randn({2, 8, 4, 4}),
                                     at::randn({2, 16, 2, 2})};
  const std::vector<at::Tensor> s = {at::randn({2, 4, 8, 8}), at::randn({2, 8, 4, 4}),
                                     at::randn({2, 16, 2, 2})};
  const std::vector<at::Tensor> maps = cosine_map(t, s);
  EXPECT(maps.size() == 3);
  for (size_t k = 0; k < 3; ++k) EXPECT_CLOSE(maps[k], naive_cosine_map(t[k], s[k]), 2e-6, 0.0);
}

TEST("cosine_map is 1 wherever teacher or student is a zero vector") {
  for (const at::MemoryFormat layout : kLayouts) {
    at::Tensor t = random_features({1, 9, 3, 3}, at::kFloat, layout);
    at::Tensor s = random_features({1, 9, 3, 3}, at::kFloat, layout);
    t.select(2, 0).zero_();
    s.select(3, 0).zero_();
    const at::Tensor map = cosine_map({t}, {s})[0];
    EXPECT_CLOSE(map.select(1, 0), at::ones({1, 3}), 0.0, 0.0);
    EXPECT_CLOSE(map.select(2, 0), at::ones({1, 3}), 0.0, 0.0);
    EXPECT_CLOSE(map, naive_cosine_map(t, s), 2e-6, 0.0);
  }
}

TEST("cosine_map floors tiny norms at 1e-8 instead of dividing by them") {
  const at::Tensor t = at::ones({1, 4, 1, 1});
  const at::Tensor s = at::full({1, 4, 1, 1}, 1e-9);
  EXPECT_CLOSE(cosine_map({t}, {s})[0], naive_cosine_map(t, s), 1e-6, 0.0);
}

TEST("cosine_map does not depend on the number of threads") {
  const at::Tensor t = at::randn({3, 128, 33, 31});
  const at::Tensor s = at::randn({3, 128, 33, 31});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = cosine_map({t}, {s})[0];
  at::set_num_threads(2);
  const at::Tensor two = cosine_map({t}, {s})[0];
  at::set_num_threads(threads);
  EXPECT(at::equal(one, two));
}

TEST("cosine_map's backward equals finite differences in both layouts and dtypes") {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const at::MemoryFormat layout : kLayouts) {
      for (const auto& shape :
           {std::vector<int64_t>{1, 1, 1, 1}, {2, 3, 2, 3}, {1, 19, 3, 1}, {1, 2, 5, 9}}) {
        const at::Tensor t = random_features(shape, dtype, layout);
        const at::Tensor s = random_features(shape, dtype, layout);
        const at::Tensor grad = at::randn({shape[0], shape[2], shape[3]});
        const at::Tensor gradient = cosine_map_backward({grad}, {t}, {s})[0];
        EXPECT(gradient.scalar_type() == dtype);
        EXPECT(gradient.is_contiguous(layout));
        const double tolerance = dtype == at::kFloat ? 1e-5 : 1e-2;
        EXPECT_CLOSE(gradient, naive_cosine_gradient(grad, t, s), tolerance, tolerance);
      }
    }
  }
}

TEST("cosine_map's gradient is 0 at a zero student vector and finite at a zero teacher vector") {
  for (const at::MemoryFormat layout : kLayouts) {
    at::Tensor t = random_features({1, 9, 2, 3}, at::kFloat, layout);
    at::Tensor s = random_features({1, 9, 2, 3}, at::kFloat, layout);
    s.select(2, 0).zero_();
    t.select(2, 1).zero_();
    const at::Tensor gradient = cosine_map_backward({at::ones({1, 2, 3})}, {t}, {s})[0];
    EXPECT_CLOSE(gradient, at::zeros_like(gradient), 0.0, 0.0);
  }
}

TEST("autograd runs through cosine_map into the student, even if one map has no gradient") {
  const std::vector<at::Tensor> t = {at::randn({2, 4, 5, 5}), at::randn({2, 8, 3, 3})};
  std::vector<at::Tensor> s = {at::randn({2, 4, 5, 5}), at::randn({2, 8, 3, 3})};
  for (at::Tensor& student : s) student.set_requires_grad(true);
  const at::Tensor weight = at::randn({2, 5, 5});
  (cosine_map(t, s)[0] * weight).sum().backward();
  EXPECT_CLOSE(s[0].grad(), naive_cosine_gradient(weight, t[0], s[0]), 1e-5, 1e-5);
  EXPECT_CLOSE(s[1].grad(), at::zeros_like(s[1]), 0.0, 0.0);
}

TEST("cosine_map refuses arguments that do not match, and states them") {
  const at::Tensor f = at::randn({1, 2, 3, 4});
  EXPECT_THROWS(cosine_map({f, f}, {f}), "got 2 and 1");
  EXPECT_THROWS(cosine_map({f}, {at::randn({1, 2, 3, 5})}), "[1, 2, 3, 5]");
  EXPECT_THROWS(cosine_map({f}, {f.to(at::kBFloat16)}), "BFloat16");
  EXPECT_THROWS(cosine_map({f.to(at::kDouble)}, {f.to(at::kDouble)}), "Double");
  EXPECT_THROWS(cosine_map({f, at::randn({2, 2, 3, 4})}, {f, at::randn({2, 2, 3, 4})}), "a batch of 2");
  EXPECT_THROWS(cosine_map({at::randn({1, 0, 3, 4})}, {at::randn({1, 0, 3, 4})}), "no channels");
  EXPECT_THROWS(cosine_map_backward({at::ones({1, 3, 3})}, {f}, {f}), "[1, 3, 3]");
  at::Tensor learning = at::randn({1, 2, 3, 4}).set_requires_grad(true);
  EXPECT_THROWS(cosine_map({learning}, {f}), "frozen");
}

}  // namespace reverse_distillation::test::cosine_map_test
