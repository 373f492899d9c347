#include <ATen/ATen.h>

#include "feature_pairs.h"
#include "harness.h"
#include "machine.h"
#include "naive.h"
#include "ops/cuda/distillation_loss.h"

namespace reverse_distillation::test {

namespace {

using Launch = cudaError_t (*)(cuda::FeaturePairs, std::span<void* const>, int64_t, cuda::ElementType, float,
                               float*, void*, cudaStream_t);
using Workspace = size_t (*)(cuda::FeaturePairs, int64_t, cuda::ElementType);

/// Runs a loss over scales of one type, twice in the same workspace; returns its value.
at::Tensor run(Launch launch, Workspace workspace_bytes, const std::vector<FeatureScale>& scales,
               float gradient_scale = 1.0F) {
  const std::vector<cuda::FeaturePair> pairs = pairs_of(scales);
  const std::vector<void*> gradients = gradients_of(scales);
  const int64_t batch = scales[0].student.size(0);
  const cuda::ElementType type = element_type(scales[0].student.scalar_type());
  const size_t bytes = workspace_bytes(pairs, batch, type);
  EXPECT(bytes > 0);
  const DeviceTensor workspace(at::zeros({static_cast<int64_t>(bytes)}, at::kByte));
  at::Tensor value;
  for (int turn = 0; turn < 2; ++turn) {
    const DeviceTensor loss(1, at::kFloat);
    EXPECT(launch(pairs, gradients, batch, type, gradient_scale, loss.data<float>(), workspace.data(),
                  nullptr) == cudaSuccess);
    if (turn == 1) EXPECT(at::equal(loss.host(), value));
    value = loss.host();
  }
  workspace.host();
  return value;
}

at::Tensor run_location(const std::vector<FeatureScale>& scales, float gradient_scale = 1.0F) {
  return run(cuda::launch_location_loss, cuda::location_loss_workspace, scales, gradient_scale);
}

at::Tensor run_global(const std::vector<FeatureScale>& scales, float gradient_scale = 1.0F) {
  return run(cuda::launch_global_loss, cuda::global_loss_workspace, scales, gradient_scale);
}

struct Expected {
  at::Tensor loss;
  std::vector<at::Tensor> gradients;
};

/// Value and gradients of either loss by automatic differentiation of PyTorch's own cosine, in double
/// precision.
Expected expected_loss(const std::vector<FeatureScale>& scales, bool whole_images) {
  Expected expected;
  expected.loss = at::zeros({}, at::kDouble);
  std::vector<at::Tensor> students;
  for (const FeatureScale& scale : scales) {
    students.push_back(scale.student.to(at::kDouble).set_requires_grad(true));
    const at::Tensor teacher = scale.teacher.to(at::kDouble);
    const at::Tensor similarity =
        whole_images ? at::cosine_similarity(teacher.flatten(1), students.back().flatten(1), 1, 1e-8)
                     : at::cosine_similarity(teacher, students.back(), 1, 1e-8);
    expected.loss = expected.loss + (1.0 - similarity).mean();
  }
  expected.loss.backward();
  for (const at::Tensor& student : students) expected.gradients.push_back(student.grad());
  return expected;
}

/// On top of rounding to the type, a gradient may be off by the rounding of its two terms if they cancel, and
/// by half of float16's smallest step.
void expect_gradients(const std::vector<FeatureScale>& scales, const Expected& expected,
                      double gradient_scale) {
  for (size_t k = 0; k < scales.size(); ++k) {
    const at::ScalarType type = scales[k].student.scalar_type();
    const double relative = type == at::kFloat ? 1e-5 : type == at::kHalf ? 2e-3 : 1e-2;
    const at::Tensor wanted = expected.gradients[k] * gradient_scale;
    const double shortest =
        scales[k].student.to(at::kDouble).norm(2, {1}).clamp_min(1e-8).min().item<double>();
    const double term = gradient_scale / static_cast<double>(scales[k].positions()) / shortest;
    const double absolute = 3e-7 * term + (type == at::kHalf ? 6e-8 : 0.0);
    EXPECT_CLOSE(scales[k].gradient(), wanted, absolute, relative);
  }
}

const std::vector<std::vector<std::vector<int64_t>>> kScaleShapes = {
    {{1, 1, 1, 1}},
    {{2, 3, 5, 7}, {2, 8, 3, 3}, {2, 17, 1, 1}},
    {{1, 40, 16, 16}, {1, 64, 8, 8}, {1, 136, 4, 4}, {1, 16, 2, 2}},
    {{3, 33, 17, 31}},
};

}  // namespace

TEST("the loss `location` on CUDA and its gradient equal automatic differentiation") {
  for (const auto& shapes : kScaleShapes) {
    for (const at::ScalarType type : kFeatureTypes) {
      for (const cuda::Layout layout : kFeatureLayouts) {
        std::vector<FeatureScale> scales;
        for (const auto& shape : shapes) scales.emplace_back(shape, type, layout);
        const at::Tensor loss = run_location(scales);
        const Expected expected = expected_loss(scales, false);
        EXPECT_CLOSE(loss, expected.loss.view({1}), 3e-6, 0.0);
        expect_gradients(scales, expected, 1.0);
      }
    }
  }
}

TEST("the loss `global` on CUDA and its gradient equal automatic differentiation") {
  for (const auto& shapes : kScaleShapes) {
    for (const at::ScalarType type : kFeatureTypes) {
      for (const cuda::Layout layout : kFeatureLayouts) {
        std::vector<FeatureScale> scales;
        for (const auto& shape : shapes) scales.emplace_back(shape, type, layout);
        const at::Tensor loss = run_global(scales);
        const Expected expected = expected_loss(scales, true);
        EXPECT_CLOSE(loss, expected.loss.view({1}), 3e-6, 0.0);
        expect_gradients(scales, expected, 1.0);
      }
    }
  }
}

TEST("both losses on CUDA work at any alignment of their buffers") {
  for (const Lie& lie : kLies) {
    for (const cuda::Layout layout : kFeatureLayouts) {
      std::vector<FeatureScale> scales;
      scales.emplace_back(std::vector<int64_t>{2, 16, 4, 8}, at::kBFloat16, layout, lie);
      run_location(scales);
      expect_gradients(scales, expected_loss(scales, false), 1.0);
      run_global(scales);
      expect_gradients(scales, expected_loss(scales, true), 1.0);
    }
  }
}

TEST("both losses on CUDA scale their gradients but not their values") {
  std::vector<FeatureScale> scales;
  scales.emplace_back(std::vector<int64_t>{2, 32, 8, 8}, at::kHalf, cuda::Layout::kChannelsLast);
  const Expected location = expected_loss(scales, false);
  EXPECT_CLOSE(run_location(scales, 1024.0F), location.loss.view({1}), 3e-6, 0.0);
  expect_gradients(scales, location, 1024.0);
  const Expected global = expected_loss(scales, true);
  EXPECT_CLOSE(run_global(scales, 1024.0F), global.loss.view({1}), 3e-6, 0.0);
  expect_gradients(scales, global, 1024.0);
}

TEST("both losses on CUDA give the same bits whatever the order of blocks and threads") {
  std::vector<FeatureScale> scales;
  scales.emplace_back(std::vector<int64_t>{2, 24, 33, 20}, at::kFloat, cuda::Layout::kChannelsLast);
  scales.emplace_back(std::vector<int64_t>{2, 5, 9, 8}, at::kFloat, cuda::Layout::kChannelsFirst);
  for (const bool whole_images : {false, true}) {
    std::vector<at::Tensor> first;
    for (uint32_t seed = 0; seed < 4; ++seed) {
      cuda_emulation::Machine::instance().seed(seed);
      const std::vector<at::Tensor> results = {whole_images ? run_global(scales) : run_location(scales),
                                               scales[0].gradient(), scales[1].gradient()};
      if (first.empty()) first = results;
      for (size_t i = 0; i < results.size(); ++i) EXPECT(at::equal(results[i], first[i]));
    }
  }
}

TEST("both losses on CUDA have no gradient at zero students, and the value NaN if a feature is NaN") {
  at::Tensor student = at::randn({2, 4, 3, 3});
  student[0].zero_();
  std::vector<FeatureScale> scales;
  scales.emplace_back(at::randn({2, 4, 3, 3}), student, cuda::Layout::kChannelsLast, Lie{});
  run_location(scales);
  EXPECT_CLOSE(scales[0].gradient()[0], at::zeros({4, 3, 3}), 0.0, 0.0);
  run_global(scales);
  EXPECT_CLOSE(scales[0].gradient()[0], at::zeros({4, 3, 3}), 0.0, 0.0);

  student[1][2][1][1] = std::nan("");
  std::vector<FeatureScale> broken;
  broken.emplace_back(at::randn({2, 4, 3, 3}), student, cuda::Layout::kChannelsLast, Lie{});
  const auto once = [&](Launch launch) {
    const DeviceTensor workspace(at::zeros({1024}, at::kByte));
    const DeviceTensor loss(1, at::kFloat);
    const std::vector<cuda::FeaturePair> pairs = pairs_of(broken);
    EXPECT(launch(pairs, gradients_of(broken), 2, cuda::ElementType::kFloat32, 1.0F, loss.data<float>(),
                  workspace.data(), nullptr) == cudaSuccess);
    return loss.host().isnan().item<bool>();
  };
  EXPECT(once(cuda::launch_location_loss));
  EXPECT(once(cuda::launch_global_loss));
}

TEST("the losses on CUDA refuse arguments that do not match") {
  std::vector<FeatureScale> scales;
  scales.emplace_back(std::vector<int64_t>{1, 4, 2, 2}, at::kFloat, cuda::Layout::kChannelsLast);
  const std::vector<cuda::FeaturePair> pairs = pairs_of(scales);
  const std::vector<void*> gradients = gradients_of(scales);
  for (const Launch launch : {cuda::launch_location_loss, cuda::launch_global_loss}) {
    EXPECT(launch(pairs, {}, 1, cuda::ElementType::kFloat32, 1.0F, nullptr, nullptr, nullptr) ==
           cudaErrorInvalidValue);
    EXPECT(launch(pairs, gradients, 0, cuda::ElementType::kFloat32, 1.0F, nullptr, nullptr, nullptr) ==
           cudaErrorInvalidValue);
    EXPECT(launch({}, {}, 1, cuda::ElementType::kFloat32, 1.0F, nullptr, nullptr, nullptr) ==
           cudaErrorInvalidValue);
  }
  EXPECT(cuda::location_loss_workspace(pairs, 0, cuda::ElementType::kFloat32) == 0);
  EXPECT(cuda::global_loss_workspace({}, 1, cuda::ElementType::kFloat32) == 0);
}

}  // namespace reverse_distillation::test
