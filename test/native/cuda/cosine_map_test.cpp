#include <ATen/ATen.h>

#include "feature_pairs.h"
#include "harness.h"
#include "machine.h"
#include "naive.h"
#include "ops/cuda/cosine_map.h"

namespace reverse_distillation::test {

namespace {

/// Odd sizes, one pixel, one channel, an empty batch, more positions than a tile holds; with and without
/// vectorised access.
const std::vector<std::vector<int64_t>> kShapes = {
    {1, 1, 1, 1},    {2, 3, 5, 7},    {1, 64, 1, 1},  {3, 17, 9, 13}, {0, 8, 4, 4},
    {2, 40, 16, 16}, {1, 33, 17, 31}, {1, 5, 33, 16}, {1, 8, 24, 24}, {2, 264, 2, 4}};

void expect_maps(const std::vector<FeatureScale>& scales, int64_t batch, at::ScalarType type) {
  EXPECT(cuda::launch_cosine_map(pairs_of(scales), maps_of(scales), batch, element_type(type), nullptr,
                                 nullptr) == cudaSuccess);
  for (const FeatureScale& scale : scales) {
    EXPECT_CLOSE(scale.map(), naive_cosine_map(scale.teacher, scale.student), 3e-6, 0.0);
  }
}

/// Runs the backward and returns the gradient of the only scale.
at::Tensor backward(const FeatureScale& scale, const at::Tensor& grad) {
  const DeviceTensor device_grad(grad);
  const std::vector<cuda::FeaturePair> pairs = {scale.pair()};
  const std::vector<const float*> grads = {device_grad.data<float>()};
  const std::vector<void*> gradients = {scale.gradient_data()};
  EXPECT(cuda::launch_cosine_map_backward(pairs, grads, gradients, scale.student.size(0),
                                          element_type(scale.student.scalar_type()), nullptr) == cudaSuccess);
  return scale.gradient();
}

/// The gradient by automatic differentiation of PyTorch's own cosine, in double precision.
at::Tensor expected_gradient(const FeatureScale& scale, const at::Tensor& grad) {
  const at::Tensor student = scale.student.to(at::kDouble).set_requires_grad(true);
  const at::Tensor map = 1.0 - at::cosine_similarity(scale.teacher.to(at::kDouble), student, 1, 1e-8);
  (map * grad.to(at::kDouble)).sum().backward();
  return student.grad();
}

double tolerance_of(at::ScalarType type) {
  return type == at::kFloat ? 2e-6 : type == at::kHalf ? 1e-3 : 1e-2;
}

}  // namespace

TEST("cosine_map on CUDA equals a naive loop over shapes, layouts, types and alignments") {
  for (const auto& shape : kShapes) {
    for (const at::ScalarType type : kFeatureTypes) {
      for (const cuda::Layout layout : kFeatureLayouts) {
        for (const Lie& lie : kLies) {
          std::vector<FeatureScale> scales;
          scales.emplace_back(shape, type, layout, lie);
          expect_maps(scales, shape[0], type);
        }
      }
    }
  }
}

TEST("cosine_map on CUDA handles all scales in one launch, each in its layout") {
  for (const at::ScalarType type : kFeatureTypes) {
    std::vector<FeatureScale> scales;
    scales.emplace_back(std::vector<int64_t>{2, 16, 16, 16}, type, cuda::Layout::kChannelsLast);
    scales.emplace_back(std::vector<int64_t>{2, 7, 9, 11}, type, cuda::Layout::kChannelsFirst);
    scales.emplace_back(std::vector<int64_t>{2, 136, 4, 4}, type, cuda::Layout::kChannelsLast);
    scales.emplace_back(std::vector<int64_t>{2, 24, 8, 8}, type, cuda::Layout::kChannelsFirst);
    const int launches = cuda_emulation::Machine::instance().launches();
    expect_maps(scales, 2, type);
    EXPECT(cuda_emulation::Machine::instance().launches() == launches + 1);
  }
}

TEST("cosine_map on CUDA handles a wide network's channels") {
  for (const at::ScalarType type : kFeatureTypes) {
    for (const int64_t channels : {1024, 2056}) {
      std::vector<FeatureScale> scales;
      scales.emplace_back(std::vector<int64_t>{1, channels, 2, 2}, type, cuda::Layout::kChannelsLast);
      expect_maps(scales, 1, type);
    }
  }
}

TEST("cosine_map on CUDA is 1 at zero vectors and floors tiny norms") {
  for (const cuda::Layout layout : kFeatureLayouts) {
    at::Tensor t = at::randn({1, 9, 3, 3});
    at::Tensor s = at::randn({1, 9, 3, 3});
    t.select(2, 0).zero_();
    s.select(3, 0).zero_();
    s.select(2, 2).mul_(1e-9);
    std::vector<FeatureScale> scales;
    scales.emplace_back(t, s, layout, Lie{});
    expect_maps(scales, 1, at::kFloat);
    EXPECT_CLOSE(scales[0].map().select(1, 0), at::ones({1, 3}), 0.0, 0.0);
    EXPECT_CLOSE(scales[0].map().select(2, 0), at::ones({1, 3}), 0.0, 0.0);
  }
}

TEST("cosine_map on CUDA initialises the batch's scores for the launch that raises them") {
  const DeviceTensor scores(at::zeros({300}));
  std::vector<FeatureScale> scales;
  scales.emplace_back(std::vector<int64_t>{300, 1, 1, 1}, at::kFloat, cuda::Layout::kChannelsLast);
  EXPECT(cuda::launch_cosine_map(pairs_of(scales), maps_of(scales), 300, cuda::ElementType::kFloat32,
                                 scores.data<float>(), nullptr) == cudaSuccess);
  EXPECT(scores.host().view(at::kInt).eq(-1).all().item<bool>());
}

TEST(
    "cosine_map's backward on CUDA equals automatic differentiation over shapes, layouts, types and "
    "alignments") {
  for (const auto& shape : kShapes) {
    for (const at::ScalarType type : kFeatureTypes) {
      for (const cuda::Layout layout : kFeatureLayouts) {
        for (const Lie& lie : kLies) {
          const FeatureScale scale(shape, type, layout, lie);
          const at::Tensor grad = at::randn({shape[0], shape[2], shape[3]});
          const double tolerance = tolerance_of(type);
          // Scaled by the norm that divides the gradient and its rounding: with one channel the gradient
          // cancels to 0.
          const at::Tensor norm = scale.student.to(at::kDouble).norm(2, {1}, true).clamp_max(1.0);
          EXPECT_CLOSE(backward(scale, grad) * norm, expected_gradient(scale, grad) * norm, tolerance,
                       tolerance);
        }
      }
    }
  }
}

TEST("cosine_map's backward on CUDA equals finite differences") {
  for (const cuda::Layout layout : kFeatureLayouts) {
    for (const auto& shape : {std::vector<int64_t>{2, 3, 2, 3}, {1, 20, 3, 1}}) {
      const FeatureScale scale(shape, at::kFloat, layout);
      const at::Tensor grad = at::randn({shape[0], shape[2], shape[3]});
      EXPECT_CLOSE(backward(scale, grad), naive_cosine_gradient(grad, scale.teacher, scale.student), 1e-5,
                   1e-5);
    }
  }
}

TEST("cosine_map's backward on CUDA handles more channels than it keeps in registers") {
  for (const at::ScalarType type : kFeatureTypes) {
    for (const int64_t channels : {1024, 2056, 1030}) {
      const FeatureScale scale({1, channels, 3, 1}, type, cuda::Layout::kChannelsLast);
      const at::Tensor grad = at::randn({1, 3, 1});
      const double tolerance = tolerance_of(type);
      EXPECT_CLOSE(backward(scale, grad), expected_gradient(scale, grad), tolerance, tolerance);
    }
  }
}

TEST("cosine_map's gradient on CUDA is 0 at a zero student vector and at a zero teacher vector") {
  for (const cuda::Layout layout : kFeatureLayouts) {
    at::Tensor t = at::randn({1, 9, 2, 3});
    at::Tensor s = at::randn({1, 9, 2, 3});
    s.select(2, 0).zero_();
    t.select(2, 1).zero_();
    const at::Tensor gradient = backward(FeatureScale(t, s, layout, Lie{}), at::ones({1, 2, 3}));
    EXPECT_CLOSE(gradient, at::zeros_like(gradient), 0.0, 0.0);
  }
}

TEST("cosine_map on CUDA refuses arguments that do not match") {
  std::vector<FeatureScale> scales;
  for (int k = 0; k < 5; ++k) {
    scales.emplace_back(std::vector<int64_t>{1, 4, 2, 2}, at::kFloat, cuda::Layout::kChannelsLast);
  }
  const auto launch = [&](std::vector<cuda::FeaturePair> pairs, int64_t batch) {
    const std::vector<float*> maps(pairs.size(), scales[0].map_data());
    return cuda::launch_cosine_map(pairs, maps, batch, cuda::ElementType::kFloat32, nullptr, nullptr);
  };
  cuda::FeaturePair pair = scales[0].pair();
  EXPECT(launch({}, 1) == cudaErrorInvalidValue);
  EXPECT(launch(pairs_of(scales), 1) == cudaErrorInvalidValue);
  EXPECT(launch({pair}, -1) == cudaErrorInvalidValue);
  pair.channels = 0;
  EXPECT(launch({pair}, 1) == cudaErrorInvalidValue);
  pair = scales[0].pair();
  pair.positions = int64_t{1} << 40;
  EXPECT(launch({pair}, 1) == cudaErrorInvalidValue);
  EXPECT(cuda::launch_cosine_map(pairs_of({}), maps_of(scales), 1, cuda::ElementType::kFloat32, nullptr,
                                 nullptr) == cudaErrorInvalidValue);
}

}  // namespace reverse_distillation::test
