#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <limits>
#include <vector>

#include "core/device.h"
#include "core/float32_mode.h"
#include "harness.h"
#include "inference/activation_kernels.h"
#include "inference/activation_range.h"
#include "inference/onednn.h"
#include "pipeline/preprocess.h"
#include "pipeline/scoring_engine.h"

namespace reverse_distillation::test::inference_test {

namespace {

/// A model whose batch norms matter: none of them has its initial statistics and weights.
ReverseDistillation trained_model(const ModelConfig& config) {
  const torch::NoGradGuard no_grad;
  ReverseDistillation model(config);
  at::Generator generator = at::detail::createCPUGenerator(7);
  for (const auto& item : model->named_buffers()) {
    if (item.key().ends_with("running_mean")) item.value().normal_(0.0, 0.3, generator);
    if (item.key().ends_with("running_var")) item.value().uniform_(0.5, 2.0, generator);
  }
  for (const auto& item : model->named_parameters()) {
    if (item.value().dim() != 1) continue;
    item.value().uniform_(item.key().ends_with("weight") ? 0.5 : -0.2,
                          item.key().ends_with("weight") ? 1.0 : 0.2, generator);
  }
  model->eval();
  return model;
}

ModelConfig config_of(std::string_view backbone, Layout layout) {
  ModelConfig config;
  config.backbone = find_backbone(backbone);
  config.layout = layout;
  config.height = 64;
  config.width = 96;
  return config;
}

/// Switches oneDNN off for its lifetime, as in a LibTorch without it.
class WithoutOneDnn {
 public:
  WithoutOneDnn() { at::globalContext().setUserEnabledMkldnn(false); }
  ~WithoutOneDnn() { at::globalContext().setUserEnabledMkldnn(true); }
  WithoutOneDnn(const WithoutOneDnn&) = delete;
  WithoutOneDnn& operator=(const WithoutOneDnn&) = delete;
};

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(at::kDouble) - expected.to(at::kDouble)).norm() / expected.to(at::kDouble).norm())
      .item<double>();
}

/// The largest relative error of a scoring engine's features, compared with the networks that are trained.
double worst_error(const ReverseDistillation& model, const ModelConfig& config, const at::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const FeaturePairs expected = ReverseDistillation(model)->forward(normalise(images));
  const FeaturePairs actual = ScoringEngine(model, config).features(images);
  double worst = 0.0;
  for (size_t k = 0; k < 3; ++k) {
    EXPECT(actual.student[k].sizes() == expected.student[k].sizes());
    EXPECT(actual.student[k].is_contiguous(at::MemoryFormat::ChannelsLast));
    worst = std::max({worst, relative_error(actual.teacher[k], expected.teacher[k]),
                      relative_error(actual.student[k], expected.student[k])});
  }
  return worst;
}

}  // namespace

TEST("a scoring engine computes what the networks in training do, with and without oneDNN") {
  for (const char* backbone : {"resnet18", "resnet50"}) {
    for (const Layout layout : {Layout::kPaper, Layout::kOfficial}) {
      ModelConfig config = config_of(backbone, layout);
      const ReverseDistillation model = trained_model(config);
      const at::Tensor images = at::randint(0, 256, {2, 64, 96, 3}, at::kByte);
      EXPECT(worst_error(model, config, images) < 1e-5, worst_error(model, config, images));
      {
        const WithoutOneDnn without;
        EXPECT(worst_error(model, config, images) < 1e-5);
      }
    }
  }
}

TEST(
    "a scoring engine in bfloat16 is off by its rounding, and oneDNN refuses it where it is said not to "
    "run") {
  for (const char* backbone : {"resnet18", "resnet50"}) {
    for (const Layout layout : {Layout::kPaper, Layout::kOfficial}) {
      ModelConfig config = config_of(backbone, layout);
      config.precision = Precision::kBFloat16;
      const ReverseDistillation model = trained_model(config);
      const at::Tensor images = at::randint(0, 256, {2, 64, 96, 3}, at::kByte);
      const auto check = [&] {
        const double rounded = worst_error(model, config, images);
        EXPECT(rounded > 1e-4 && rounded < 0.05, rounded);
      };
      if (onednn::runs_bfloat16()) {
        check();
      } else {
        EXPECT_THROWS(check(), "bf16 path needs the cpu support");
      }
      const WithoutOneDnn without;
      EXPECT(onednn::runs_bfloat16());
      check();
    }
  }
}

TEST("a scoring engine in 8 bits is off by their rounding, for any number of images") {
  for (const char* backbone : {"resnet18", "resnet50"}) {
    for (const Layout layout : {Layout::kPaper, Layout::kOfficial}) {
      ModelConfig config = config_of(backbone, layout);
      const ReverseDistillation model = trained_model(config);
      const at::Tensor images = at::randint(0, 256, {3, 64, 96, 3}, at::kByte);
      ScoringEngine observer(model, config);
      observer.observe();
      const at::Tensor observed = observer.score(images).maps;
      EXPECT(at::equal(observed, ScoringEngine(model, config).score(images).maps));
      config.activation_ranges = observer.activation_ranges();
      config.precision = Precision::kInt8;
      const double rounded = worst_error(model, config, images);
      EXPECT(rounded > 1e-3 && rounded < 0.1, rounded);

      ScoringEngine engine(model, config);
      const at::Tensor maps = engine.score(images).maps;
      const at::Tensor alone = engine.score(images.narrow(0, 1, 1)).maps[0];
      // The first convolution is in float32, and its rounding depends on the batch.
      EXPECT(relative_error(alone, maps[1]) < 1e-3, relative_error(alone, maps[1]));
    }
  }
}

TEST("a scoring engine in 8 bits needs a range for each convolution") {
  ModelConfig config = config_of("resnet18", Layout::kPaper);
  const ReverseDistillation model = trained_model(config);
  config.precision = Precision::kInt8;
  config.activation_ranges = {1.0, 2.0};
  EXPECT_THROWS(ScoringEngine(model, config), "but 2 ranges were given");
}

TEST("the range of activations is the quantile that was asked for, to 1 %") {
  ActivationRange range;
  EXPECT(range.quantile(0.5) == 0.0F);
  range.add(at::zeros({100}));
  EXPECT(range.quantile(0.9999) == 0.0F);
  range.add(at::arange(1, 9901, at::kFloat));
  for (const auto& [share, expected] : {std::pair{0.5, 4900.0F}, {0.9999, 9899.0F}, {1.0, 9900.0F}}) {
    const float found = range.quantile(share);
    EXPECT(found >= expected && found <= 1.01F * expected, found);
  }
}

TEST("8-bit inputs are rounded to nearest, and end at 0 and 255") {
  const std::vector<float> values = {-1.0F,
                                     0.0F,
                                     0.24F,
                                     0.26F,
                                     1.0F,
                                     127.4F,
                                     127.6F,
                                     500.0F,
                                     1e30F,
                                     std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::quiet_NaN()};
  std::vector<uint8_t> quantised(values.size());
  cpu::quantise(values.data(), static_cast<int64_t>(values.size()), 0.5F, quantised.data());
  EXPECT(quantised == (std::vector<uint8_t>{0, 0, 0, 1, 2, 255, 255, 255, 255, 255, 0}));
}

TEST("a scoring engine on a GPU computes what the networks in training do, in every precision") {
  if (cuda_devices() == 0) throw Skipped{"no GPU that this build can compute on"};
  const c10::Device device(at::kCUDA, 0);
  const at::Tensor images = at::randint(0, 256, {2, 64, 96, 3}, at::kByte).to(device);
  for (const char* backbone : {"resnet18", "resnet50"}) {
    for (const Layout layout : {Layout::kPaper, Layout::kOfficial}) {
      for (const auto& [precision, tolerance] : {std::pair{Precision::kFloat32, 3e-5},
                                                 {Precision::kBFloat16, 0.05},
                                                 {Precision::kFloat16, 0.01}}) {
        ModelConfig config = config_of(backbone, layout);
        config.precision = precision;
        const ReverseDistillation model = trained_model(config);
        ReverseDistillation(model)->to(device);
        const Float32Mode exact(device, Precision::kFloat32);
        const double error = worst_error(model, config, images);
        EXPECT(error < tolerance, backbone << ": " << error);
      }
    }
  }
}

TEST("a scoring engine keeps the weights from which it was made") {
  const ModelConfig config = config_of("resnet18", Layout::kPaper);
  const ReverseDistillation model = trained_model(config);
  const at::Tensor images = at::randint(0, 256, {1, 64, 96, 3}, at::kByte);
  const torch::NoGradGuard no_grad;
  ScoringEngine engine(model, config);
  const at::Tensor before = engine.score(images).maps;
  for (at::Tensor& parameter : ReverseDistillation(model)->parameters()) parameter.mul_(1.5);
  EXPECT(at::equal(engine.score(images).maps, before));
  EXPECT(!at::equal(ScoringEngine(model, config).score(images).maps, before));
}

TEST("a scoring engine packs its weights for one image and for several, in either order") {
  const ModelConfig config = config_of("resnet50", Layout::kPaper);
  const ReverseDistillation model = trained_model(config);
  const at::Tensor images = at::randint(0, 256, {3, 64, 96, 3}, at::kByte);
  const torch::NoGradGuard no_grad;
  const at::Tensor expected = ScoringEngine(model, config).score(images).maps;
  ScoringEngine alone_first(model, config);
  ScoringEngine together_first(model, config);
  for (ScoringEngine* engine : {&together_first, &alone_first, &together_first}) {
    if (engine == &together_first) EXPECT(at::allclose(engine->score(images).maps, expected, 0.0, 1e-5));
    for (int64_t i = 0; i < 3; ++i) {
      const at::Tensor alone = engine->score(images.slice(0, i, i + 1)).maps;
      EXPECT(at::allclose(alone, expected.slice(0, i, i + 1), 0.0, 1e-5));
    }
    EXPECT(at::allclose(engine->score(images).maps, expected, 0.0, 1e-5));
  }
}

TEST("later stages leave an image's features unchanged") {
  // Residual blocks overwrite their input, which for the first block of a stage is a feature.
  const ModelConfig config = config_of("resnet18", Layout::kPaper);
  const ReverseDistillation model = trained_model(config);
  const torch::NoGradGuard no_grad;
  FoldedTeacher teacher(*model->teacher, at::kFloat);
  FoldedStudent student(*model->bottleneck, *model->decoder, at::kFloat);
  const std::vector<at::Tensor> features =
      teacher.run(normalise(at::randint(0, 256, {1, 64, 96, 3}, at::kByte)));
  std::vector<at::Tensor> before;
  for (const at::Tensor& feature : features) before.push_back(feature.clone());
  student.run(features);
  for (size_t k = 0; k < 3; ++k) EXPECT(at::equal(features[k], before[k]));
}

}  // namespace reverse_distillation::test::inference_test
