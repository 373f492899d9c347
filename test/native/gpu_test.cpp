// Compares the operators on a GPU with those on the CPU. Skipped, with a note, without a GPU and in builds
// without CUDA.

#include <ATen/ATen.h>

#include "core/device.h"
#include "harness.h"
#include "naive.h"
#include "ops/ops.h"
#include "pipeline/detector.h"
#include "pipeline/image_statistics.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation::test::gpu_test {

namespace {

void require_gpu() {
  if (cuda_devices() == 0) throw Skipped{"no GPU that this build can compute on"};
}

const std::vector<at::ScalarType> kTypes = {at::kFloat, at::kBFloat16, at::kHalf};
const std::vector<at::MemoryFormat> kFormats = {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast};

/// Batches with odd sizes, and those of resnet18 and wide_resnet50_2.
const std::vector<std::vector<std::vector<int64_t>>> kScales = {
    {{3, 5, 7, 9}, {3, 12, 3, 5}, {3, 33, 1, 1}},
    {{2, 64, 64, 64}, {2, 128, 32, 32}, {2, 256, 16, 16}},
    {{1, 256, 64, 64}, {1, 512, 32, 32}, {1, 1024, 16, 16}},
    {{2, 2050, 3, 3}},
};

struct Features {
  std::vector<at::Tensor> teacher;
  std::vector<at::Tensor> student;

  Features on_gpu() const {
    Features moved;
    for (const at::Tensor& t : teacher) moved.teacher.push_back(t.cuda());
    for (const at::Tensor& s : student) moved.student.push_back(s.cuda());
    return moved;
  }
  /// The same values in float32, for the computation on the CPU.
  Features as_float() const {
    Features wide;
    for (const at::Tensor& t : teacher) wide.teacher.push_back(t.to(at::kFloat));
    for (const at::Tensor& s : student) wide.student.push_back(s.to(at::kFloat));
    return wide;
  }
};

Features random_features(const std::vector<std::vector<int64_t>>& shapes, at::ScalarType type,
                         at::MemoryFormat format) {
  Features features;
  for (const auto& shape : shapes) {
    features.teacher.push_back(at::randn(shape).to(type).contiguous(format));
    features.student.push_back(at::randn(shape).to(type).contiguous(format));
  }
  return features;
}

/// Runs `check(features)` for all types, layouts and sizes.
template <typename Check>
void for_features(const Check& check) {
  require_gpu();
  for (const auto& shapes : kScales) {
    for (const at::ScalarType type : kTypes) {
      for (const at::MemoryFormat format : kFormats) check(random_features(shapes, type, format));
    }
  }
}

double half_step(const at::Tensor& like) { return like.scalar_type() == at::kFloat ? 1e-5 : 8e-3; }

}  // namespace

TEST("cosine_map on a GPU equals cosine_map on the CPU") {
  for_features([](const Features& features) {
    const Features gpu = features.on_gpu();
    const Features wide = features.as_float();
    const std::vector<at::Tensor> actual = cosine_map(gpu.teacher, gpu.student);
    const std::vector<at::Tensor> expected = cosine_map(wide.teacher, wide.student);
    for (size_t k = 0; k < actual.size(); ++k) EXPECT_CLOSE(actual[k].cpu(), expected[k], 1e-5, 0.0);
  });
}

TEST("cosine_map on a GPU has the gradient that it has on the CPU") {
  for_features([](const Features& features) {
    Features gpu = features.on_gpu();
    Features wide = features.as_float();
    at::Tensor actual;
    at::Tensor expected;
    for (size_t k = 0; k < gpu.student.size(); ++k) {
      gpu.student[k].set_requires_grad(true);
      wide.student[k] = wide.student[k].clone().set_requires_grad(true);
    }
    const std::vector<at::Tensor> gpu_maps = cosine_map(gpu.teacher, gpu.student);
    const std::vector<at::Tensor> cpu_maps = cosine_map(wide.teacher, wide.student);
    for (size_t k = 0; k < gpu_maps.size(); ++k) {
      const at::Tensor weights = at::rand(cpu_maps[k].sizes());
      (gpu_maps[k] * weights.cuda()).sum().backward({}, true);
      (cpu_maps[k] * weights).sum().backward({}, true);
    }
    for (size_t k = 0; k < gpu_maps.size(); ++k) {
      EXPECT(gpu.student[k].grad().is_contiguous(gpu.student[k].suggest_memory_format()));
      EXPECT_CLOSE(gpu.student[k].grad().cpu(), wide.student[k].grad(), 1e-5, half_step(gpu.student[k]));
    }
  });
}

TEST("the losses and their gradients on a GPU equal those on the CPU, and repeat to the bit") {
  for_features([](const Features& features) {
    const Features gpu = features.on_gpu();
    const Features wide = features.as_float();
    for (const auto loss : {&location_loss, &global_loss}) {
      const LossAndGradients actual = loss(gpu.teacher, gpu.student);
      const LossAndGradients again = loss(gpu.teacher, gpu.student);
      const LossAndGradients expected = loss(wide.teacher, wide.student);
      EXPECT_CLOSE(actual.loss.cpu(), expected.loss, 1e-5, 1e-5);
      EXPECT(at::equal(actual.loss, again.loss));
      for (size_t k = 0; k < actual.gradients.size(); ++k) {
        EXPECT(actual.gradients[k].is_contiguous(gpu.student[k].suggest_memory_format()));
        EXPECT_CLOSE(actual.gradients[k].cpu(), expected.gradients[k], 1e-6, half_step(gpu.student[k]));
        EXPECT(at::equal(actual.gradients[k], again.gradients[k]));
      }
    }
  });
}

TEST("upsample_sum and gaussian_blur on a GPU equal those on the CPU, even beyond shared memory") {
  require_gpu();
  const std::vector<at::Tensor> maps = {at::rand({3, 16, 16}), at::rand({3, 8, 9}), at::rand({3, 1, 1})};
  std::vector<at::Tensor> on_gpu;
  for (const at::Tensor& map : maps) on_gpu.push_back(map.cuda());
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{256, 256}, {33, 17}, {1, 70}}) {
    EXPECT_CLOSE(upsample_sum(on_gpu, height, width).cpu(), upsample_sum(maps, height, width), 1e-5, 0.0);
  }
  for (const double sigma : {0.1, 4.0, 30.0, 600.0}) {
    for (const auto& shape : {std::vector<int64_t>{2, 40, 33}, {1, 256, 256}, {1, 2000, 30}}) {
      const at::Tensor map = at::rand(shape);
      EXPECT_CLOSE(gaussian_blur(map.cuda(), sigma).cpu(), gaussian_blur(map, sigma), 1e-5, 0.0);
    }
  }
}

TEST("anomaly_map on a GPU equals that on the CPU, added and multiplied, at small and large sigmas") {
  for_features([](const Features& features) {
    const Features gpu = features.on_gpu();
    const Features wide = features.as_float();
    for (const bool multiply : {false, true}) {
      for (const double sigma : {1.0, 4.0, 40.0}) {
        const auto [maps, scores] = anomaly_map(gpu.teacher, gpu.student, 96, 160, sigma, multiply);
        const auto [expected, expected_scores] =
            anomaly_map(wide.teacher, wide.student, 96, 160, sigma, multiply);
        EXPECT_CLOSE(maps.cpu(), expected, 2e-5, 0.0);
        EXPECT(at::equal(scores, maps.flatten(1).amax(1)));
      }
    }
  });
}

TEST("smooth_maps on a GPU equals that on the CPU, added and multiplied") {
  require_gpu();
  const std::vector<at::Tensor> maps = {at::rand({3, 16, 16}), at::rand({3, 8, 9}), at::rand({3, 1, 1})};
  const std::vector<at::Tensor> on_gpu = {maps[0].cuda(), maps[1].cuda(), maps[2].cuda()};
  for (const bool multiply : {false, true}) {
    const auto [actual, scores] = smooth_maps(on_gpu, 65, 70, 2.0, multiply);
    const auto [expected, expected_scores] = smooth_maps(maps, 65, 70, 2.0, multiply);
    EXPECT_CLOSE(actual.cpu(), expected, 1e-5, 0.0);
    EXPECT(at::equal(scores, actual.flatten(1).amax(1)));
  }
}

TEST("on a GPU, an image scores the same in all batches that share a recording, whatever came before") {
  require_gpu();
  ModelConfig config;
  config.height = 64;
  config.width = 64;
  config.device = "cuda:0";
  Detector detector(config);
  std::vector<at::Tensor> pixels;
  std::vector<PixelView> views;
  for (int64_t i = 0; i < 8; ++i) {
    const at::Tensor& image = pixels.emplace_back(at::randint(0, 256, {64, 64, 3}, at::kByte));
    views.push_back({image.data_ptr<uint8_t>(), 64, 64, 3});
  }
  const std::span<const PixelView> all(views);
  const ScoredBatch five = detector.score(all.first(5));
  const ScoredBatch eight = detector.score(all);
  EXPECT((five.maps.sizes() == at::IntArrayRef({5, 64, 64}) && five.scores.size(0) == 5));
  EXPECT(at::equal(five.maps, eight.maps.narrow(0, 0, 5)));
  EXPECT(at::equal(five.statistics, eight.statistics.narrow(0, 0, 5)));
  EXPECT(at::equal(detector.score(all.first(5)).maps, five.maps));
}

TEST("operators on a GPU accept empty batches") {
  require_gpu();
  const at::Tensor none = at::rand({0, 4, 2, 2}).cuda();
  EXPECT(cosine_map(none, none)[0].sizes() == at::IntArrayRef({0, 2, 2}));
  const auto [maps, scores] = anomaly_map(none, none, 8, 8, 1.0, false);
  EXPECT(maps.sizes() == at::IntArrayRef({0, 8, 8}) && scores.numel() == 0);
  EXPECT(gaussian_blur(at::rand({0, 8, 8}).cuda(), 1.0).numel() == 0);
}

TEST("preprocess on a GPU is within a grey level of the resize on the CPU, for any size and channels") {
  require_gpu();
  std::vector<at::Tensor> images;
  std::vector<at::Tensor> expected;
  for (const auto& shape : {std::vector<int64_t>{900, 700, 3}, {64, 96, 3}, {20, 31, 1}, {123, 77, 4}}) {
    const at::Tensor image = at::randint(0, 256, shape, at::kByte);
    const PixelView view = {image.data_ptr<uint8_t>(), shape[1], shape[0], shape[2]};
    // A copy: an image that already has the size is returned as it is, and ends with this iteration.
    expected.push_back(resize_pixels(view, 64, 96).clone());
    images.push_back(image.cuda());
  }
  const std::vector<double> one = {1.0, 1.0, 1.0};
  const std::vector<double> zero = {0.0, 0.0, 0.0};
  for (const at::ScalarType type : kTypes) {
    const at::Tensor actual = preprocess(images, 64, 96, one, zero, type);
    EXPECT(actual.scalar_type() == type && actual.is_contiguous(at::MemoryFormat::ChannelsLast));
    const double step = type == at::kBFloat16 ? 2.0 : 1.01;
    EXPECT_CLOSE(actual.permute({0, 2, 3, 1}).cpu(), at::stack(expected), step, 0.0);
  }
}

TEST("bias_relu_ on a GPU equals the float32 sum, in both formats and with and without a residual") {
  require_gpu();
  for (const at::ScalarType type : kTypes) {
    for (const at::MemoryFormat format : kFormats) {
      for (const auto& shape : {std::vector<int64_t>{2, 64, 32, 32}, {1, 5, 7, 3}, {0, 8, 4, 4}}) {
        const at::Tensor values = at::randn(shape).to(type).contiguous(format);
        const at::Tensor residual = at::randn(shape).to(type).contiguous(format);
        const at::Tensor bias = at::randn({shape[1]});
        const at::Tensor sum = values.to(at::kFloat) + bias.view({1, -1, 1, 1});
        at::Tensor alone = values.cuda();
        EXPECT(at::equal(bias_relu_(alone, bias.cuda()).cpu(), sum.relu().to(type)));
        at::Tensor added = values.cuda();
        EXPECT(at::equal(bias_relu_(added, bias.cuda(), residual.cuda()).cpu(),
                         (sum + residual.to(at::kFloat)).relu().to(type)));
      }
    }
  }
}

TEST("image_statistics on a GPU equal those on the CPU, with and without a mask") {
  require_gpu();
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor input = at::rand({2, 3, 40, 72}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor mask = at::randint(0, 2, {1, 40, 72}, at::kByte);
    EXPECT_CLOSE(image_statistics(input.cuda(), Normalisation::kImageNet).cpu(),
                 image_statistics(input, Normalisation::kImageNet), 1e-5, 1e-5);
    EXPECT_CLOSE(image_statistics(input.cuda(), Normalisation::kImageNet, mask.cuda()).cpu(),
                 image_statistics(input, Normalisation::kImageNet, mask), 1e-5, 1e-5);
  }
}

TEST("operators on a GPU refuse tensors on two devices or of two types, and state them") {
  require_gpu();
  const at::Tensor cpu = at::rand({1, 4, 2, 2});
  EXPECT_THROWS(cosine_map(cpu.cuda(), cpu), "cpu");
  const std::vector<at::Tensor> mixed = {cpu.cuda(), cpu.cuda().to(at::kHalf)};
  EXPECT_THROWS(cosine_map(mixed, mixed), "one type");
}

}  // namespace reverse_distillation::test::gpu_test
