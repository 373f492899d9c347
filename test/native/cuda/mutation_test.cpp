// Whether the tests of the kernels can fail: faults are planted into the running kernels, one at a time, and
// each must be detected. A barrier that can be left out unnoticed is either superfluous or untested.

#include <ATen/ATen.h>

#include <functional>

#include "fault.h"
#include "feature_pairs.h"
#include "harness.h"
#include "machine.h"
#include "ops/cuda/bias_relu.h"
#include "ops/cuda/cosine_map.h"
#include "ops/cuda/distillation_loss.h"
#include "ops/cuda/image_statistics.h"
#include "ops/cuda/preprocess.h"
#include "ops/cuda/product_smoothing.h"
#include "ops/cuda/smoothing.h"
#include "ops/cuda/smoothing_passes.h"
#include "ops/cuda/upsample_sum.h"

namespace reverse_distillation::test {

namespace {

using cuda_emulation::Machine;

/// Runs a kernel with one of its buffers too short by this many elements.
using Run = std::function<void(int64_t missing)>;

struct Kernel {
  const char* name;
  int barriers;
  std::vector<int> arrays;   ///< The shared arrays that it fills, in order of declaration.
  std::vector<Run> buffers;  ///< One per buffer, each with that buffer shortened.
};

void expect_success(cudaError_t error) { EXPECT(error == cudaSuccess, error); }

constexpr auto kFloat32 = cuda::ElementType::kFloat32;

/// A buffer of `count` elements, minus the missing ones if it is the one to shorten.
DeviceTensor buffer(int64_t count, bool shorten, int64_t missing) {
  const at::Tensor values = at::rand({count - (shorten ? std::min(missing, count) : 0)});
  return DeviceTensor(values);
}

/// Features of [2, 12, 8, 18] in the five buffers that the kernels over features use between them.
struct Features {
  static constexpr int64_t kBatch = 2, kChannels = 12, kPositions = 144;

  Features(cuda::Layout layout, int shortened, int64_t missing)
      : teacher(buffer(kBatch * kChannels * kPositions, shortened == 0, missing)),
        student(buffer(kBatch * kChannels * kPositions, shortened == 1, missing)),
        gradient(buffer(kBatch * kChannels * kPositions, shortened == 2, missing)),
        map(buffer(kBatch * kPositions, shortened == 3, missing)),
        loss(buffer(1, shortened == 4, missing)),
        layout(layout) {}

  std::vector<cuda::FeaturePair> pairs() const {
    return {{teacher.data(), student.data(), kChannels, kPositions, layout}};
  }

  DeviceTensor teacher, student, gradient, map, loss;
  cuda::Layout layout;
};

Run cosine_map(cuda::Layout layout, int shortened) {
  return [=](int64_t missing) {
    const Features features(layout, shortened, missing);
    const std::vector<float*> maps = {features.map.data<float>()};
    expect_success(
        cuda::launch_cosine_map(features.pairs(), maps, Features::kBatch, kFloat32, nullptr, nullptr));
  };
}

Run cosine_map_backward(cuda::Layout layout, int shortened) {
  return [=](int64_t missing) {
    const Features features(layout, shortened, missing);
    const std::vector<const float*> grad = {features.map.data<float>()};
    const std::vector<void*> gradients = {features.gradient.data()};
    expect_success(cuda::launch_cosine_map_backward(features.pairs(), grad, gradients, Features::kBatch,
                                                    kFloat32, nullptr));
  };
}

Run location_loss(cuda::Layout layout, int shortened) {
  return [=](int64_t missing) {
    const Features features(layout, shortened, missing);
    const std::vector<void*> gradients = {features.gradient.data()};
    const auto bytes =
        static_cast<int64_t>(cuda::location_loss_workspace(features.pairs(), Features::kBatch, kFloat32));
    const DeviceTensor workspace(at::zeros({bytes / 4 - (shortened == 3 ? missing : 0)}));
    expect_success(cuda::launch_location_loss(features.pairs(), gradients, Features::kBatch, kFloat32, 1.0F,
                                              features.loss.data<float>(), workspace.data(), nullptr));
  };
}

Run global_loss(cuda::Layout layout, int shortened) {
  return [=](int64_t missing) {
    const Features features(layout, shortened, missing);
    const std::vector<void*> gradients = {features.gradient.data()};
    const auto bytes =
        static_cast<int64_t>(cuda::global_loss_workspace(features.pairs(), Features::kBatch, kFloat32));
    const DeviceTensor workspace(at::zeros({bytes / 4 - (shortened == 3 ? missing : 0)}));
    expect_success(cuda::launch_global_loss(features.pairs(), gradients, Features::kBatch, kFloat32, 1.0F,
                                            features.loss.data<float>(), workspace.data(), nullptr));
  };
}

/// The tables of a plan, in a buffer that may be the one to shorten.
DeviceTensor tables_of(const cuda::SmoothingPlan& plan, bool shorten, int64_t missing) {
  const at::Tensor words = at::from_blob(const_cast<uint32_t*>(plan.tables.data()),
                                         {static_cast<int64_t>(plan.tables.size())}, at::kInt);
  return DeviceTensor(words.slice(0, 0, words.numel() - (shorten ? missing : 0)));
}

Run smoothing(int shortened) {
  return [=](int64_t missing) {
    const cuda::SmoothingPlan plan = cuda::plan_smoothing(std::vector<cuda::MapSize>{{9, 7}}, 70, 40, 1.0);
    const DeviceTensor tables = tables_of(plan, shortened == 0, missing);
    const DeviceTensor map = buffer(2 * 9 * 7, shortened == 1, missing);
    const DeviceTensor smoothed = buffer(2 * 70 * 40, shortened == 2, missing);
    const DeviceTensor scores = buffer(2, shortened == 3, missing);
    const std::vector<const float*> maps = {map.data<float>()};
    expect_success(cuda::launch_smoothing(plan, tables.data(), maps, 2, smoothed.data<float>(),
                                          scores.data<float>(), nullptr, nullptr));
  };
}

Run smoothing_passes(int shortened) {
  return [=](int64_t missing) {
    const cuda::SmoothingPlan plan = cuda::plan_smoothing(std::vector<cuda::MapSize>{{9, 7}}, 70, 40, 1.0);
    const DeviceTensor tables = tables_of(plan, shortened == 0, missing);
    const DeviceTensor map = buffer(2 * 9 * 7, shortened == 1, missing);
    const DeviceTensor smoothed = buffer(2 * 70 * 40, shortened == 2, missing);
    const DeviceTensor scores = buffer(2, shortened == 3, missing);
    const DeviceTensor workspace = buffer(2 * 9 * 40, shortened == 4, missing);
    const std::vector<const float*> maps = {map.data<float>()};
    expect_success(cuda::launch_smoothing_passes(plan, tables.data(), maps, 2, smoothed.data<float>(),
                                                 scores.data<float>(), workspace.data(), nullptr));
  };
}

Run product_smoothing(int shortened) {
  return [=](int64_t missing) {
    const cuda::SmoothingPlan plan = cuda::plan_smoothing(std::vector<cuda::MapSize>{{70, 40}}, 70, 40, 1.0);
    const DeviceTensor tables = tables_of(plan, shortened == 0, missing);
    const DeviceTensor map = buffer(2 * 9 * 7, shortened == 1, missing);
    const DeviceTensor smoothed = buffer(2 * 70 * 40, shortened == 2, missing);
    const DeviceTensor scores = buffer(2, shortened == 3, missing);
    const std::vector<const float*> maps = {map.data<float>()};
    const std::vector<cuda::MapSize> sizes = {{9, 7}};
    expect_success(cuda::launch_product_smoothing(maps, sizes, plan, tables.data(), 2, smoothed.data<float>(),
                                                  scores.data<float>(), nullptr, nullptr));
  };
}

Run upsample(cuda::MapCombination combination, int shortened) {
  return [=](int64_t missing) {
    const DeviceTensor map = buffer(2 * 9 * 7, shortened == 0, missing);
    const DeviceTensor output = buffer(2 * 20 * 40, shortened == 1, missing);
    const std::vector<const float*> maps = {map.data<float>()};
    const std::vector<cuda::MapSize> sizes = {{9, 7}};
    expect_success(cuda::launch_upsample(maps, sizes, combination, 2, 20, 40, output.data<float>(), nullptr));
  };
}

Run preprocess(int shortened) {
  return [=](int64_t missing) {
    const DeviceTensor pixels(at::zeros({90 * 60 * 3 - (shortened == 0 ? missing : 0)}, at::kByte),
                              Lie{Placement::kAtEnd, false});
    const DeviceTensor output = buffer(20 * 40 * 3, shortened == 1, missing);
    const std::vector<cuda::DevicePixels> images = {{pixels.data<uint8_t>(), 60, 90, 3}};
    const cuda::PixelNormalisation normalisation = {{1.0F, 1.0F, 1.0F}, {0.0F, 0.0F, 0.0F}};
    expect_success(cuda::launch_preprocess(images, 20, 40, normalisation, kFloat32, output.data(), nullptr));
  };
}

Run bias_relu(int shortened) {
  return [=](int64_t missing) {
    const DeviceTensor output = buffer(40 * 12, shortened == 0, missing);
    const DeviceTensor bias = buffer(12, shortened == 1, missing);
    const DeviceTensor residual = buffer(40 * 12, shortened == 2, missing);
    const cuda::ConvolutionOutput values = {output.data(), 1, 12, 40, cuda::Layout::kChannelsLast};
    expect_success(cuda::launch_bias_relu(values, bias.data<float>(), residual.data(), kFloat32, nullptr));
  };
}

Run image_statistics(int shortened) {
  return [=](int64_t missing) {
    const DeviceTensor input = buffer(3 * 8 * 9, shortened == 0, missing);
    const DeviceTensor statistics = buffer(3, shortened == 1, missing);
    const auto doubles = static_cast<int64_t>(cuda::image_statistics_workspace(1)) / 4;
    const DeviceTensor workspace = buffer(doubles, shortened == 2, 2 * missing);
    const cuda::NormalisedImages images = {input.data(), 1, 8, 9, cuda::Layout::kChannelsLast};
    expect_success(cuda::launch_image_statistics(images, kFloat32, {{0.3F, 0.5F, 0.2F}, 0.0F}, 1e-5F,
                                                 statistics.data<float>(), workspace.data(), nullptr));
  };
}

std::vector<Kernel> kernels() {
  constexpr auto kFirst = cuda::Layout::kChannelsFirst;
  constexpr auto kLast = cuda::Layout::kChannelsLast;
  constexpr auto kSum = cuda::MapCombination::kSum;
  constexpr auto kProduct = cuda::MapCombination::kProduct;
  return {
      {"cosine_map, channels-first",
       1,
       {0},
       {cosine_map(kFirst, 0), cosine_map(kFirst, 1), cosine_map(kFirst, 3)}},
      {"cosine_map, channels-last",
       0,
       {},
       {cosine_map(kLast, 0), cosine_map(kLast, 1), cosine_map(kLast, 3)}},
      {"cosine_map_backward, channels-first",
       2,
       {0},
       {cosine_map_backward(kFirst, 0), cosine_map_backward(kFirst, 1), cosine_map_backward(kFirst, 2),
        cosine_map_backward(kFirst, 3)}},
      {"cosine_map_backward, channels-last",
       0,
       {},
       {cosine_map_backward(kLast, 0), cosine_map_backward(kLast, 1), cosine_map_backward(kLast, 2),
        cosine_map_backward(kLast, 3)}},
      {"location loss, channels-first",
       4,
       {0, 1, 2},
       {location_loss(kFirst, 0), location_loss(kFirst, 1), location_loss(kFirst, 2),
        location_loss(kFirst, 3), location_loss(kFirst, 4)}},
      {"location loss, channels-last",
       2,
       {1, 2},
       {location_loss(kLast, 0), location_loss(kLast, 1), location_loss(kLast, 2), location_loss(kLast, 3),
        location_loss(kLast, 4)}},
      {"global loss",
       1,
       {0, 1, 2, 3},
       {global_loss(kLast, 0), global_loss(kLast, 1), global_loss(kLast, 2), global_loss(kLast, 3),
        global_loss(kLast, 4)}},
      {"smoothing", 2, {0}, {smoothing(0), smoothing(1), smoothing(2), smoothing(3)}},
      {"smoothing in passes",
       1,
       {0},
       {smoothing_passes(0), smoothing_passes(1), smoothing_passes(2), smoothing_passes(3),
        smoothing_passes(4)}},
      {"smoothing of a product",
       3,
       {0},
       {product_smoothing(0), product_smoothing(1), product_smoothing(2), product_smoothing(3)}},
      {"up-sampled sum", 0, {}, {upsample(kSum, 0), upsample(kSum, 1)}},
      {"up-sampled product", 0, {}, {upsample(kProduct, 0), upsample(kProduct, 1)}},
      {"bias and ReLU", 0, {}, {bias_relu(0), bias_relu(1), bias_relu(2)}},
      {"image statistics", 1, {0}, {image_statistics(0), image_statistics(1), image_statistics(2)}},
      {"preprocess", 2, {0}, {preprocess(0), preprocess(1)}},
  };
}

/// Whether running the kernel throws a Fault, which would fail a test.
bool is_found(const Run& run, int64_t missing = 0) {
  try {
    run(missing);
    return false;
  } catch (const cuda_emulation::Fault&) {
    return true;
  }
}

/// Removes the planted fault when it goes out of scope.
struct Planted {
  explicit Planted(cuda_emulation::Mutation mutation) { Machine::instance().plant(mutation); }
  ~Planted() { Machine::instance().plant({}); }
};

}  // namespace

TEST("no fault is detected in the unchanged kernels") {
  for (const Kernel& kernel : kernels()) {
    const Planted nothing({});
    for (uint32_t seed = 0; seed < 3; ++seed) {
      Machine::instance().seed(seed);
      for (const Run& run : kernel.buffers) run(0);
    }
    EXPECT(Machine::instance().barriers_met() == kernel.barriers,
           "in " << kernel.name << ": " << Machine::instance().barriers_met());
  }
}

TEST("each barrier of each kernel is detected as missing when it is left out") {
  for (const Kernel& kernel : kernels()) {
    for (int barrier = 0; barrier < kernel.barriers; ++barrier) {
      const Planted mutant({.dropped_barrier = barrier});
      EXPECT(is_found(kernel.buffers[0]), "barrier " << barrier << " of " << kernel.name);
    }
  }
}

TEST("each buffer of each kernel is detected as too short when it lacks its last 16 bytes") {
  for (const Kernel& kernel : kernels()) {
    for (size_t i = 0; i < kernel.buffers.size(); ++i) {
      EXPECT(is_found(kernel.buffers[i], 4), "buffer " << i << " of " << kernel.name);
    }
  }
}

TEST("each shared array that a kernel fills is detected as too short when it lacks its last element") {
  for (const Kernel& kernel : kernels()) {
    for (const int array : kernel.arrays) {
      const Planted mutant({.shortened_array = array});
      EXPECT(is_found(kernel.buffers[0]), "array " << array << " of " << kernel.name);
    }
  }
  const Planted mutant({.missing_dynamic_bytes = 4});
  EXPECT(is_found(smoothing(0)));
  EXPECT(is_found(product_smoothing(0)));
}

}  // namespace reverse_distillation::test
