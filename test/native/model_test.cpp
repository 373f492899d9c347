#include <ATen/ATen.h>

#include <map>

#include "harness.h"
#include "model/doubling_convolution.h"
#include "pipeline/detector.h"

namespace reverse_distillation::test::model_test {

namespace {

std::map<std::string, std::vector<int64_t>> shapes(Detector& detector, Part part) {
  std::map<std::string, std::vector<int64_t>> named;
  for (const NamedTensor& entry : detector.tensors(part)) named[entry.name] = entry.tensor.sizes().vec();
  return named;
}

ModelConfig small(std::string_view backbone, Layout layout = Layout::kPaper) {
  ModelConfig config;
  config.backbone = find_backbone(backbone);
  config.layout = layout;
  config.height = 64;
  config.width = 96;
  return config;
}

/// A shape as a list, so that comparisons are easy to read.
using Shape = std::vector<int64_t>;

}  // namespace

TEST("the student's features have the teacher's shapes, in every backbone and layout") {
  for (const Backbone& backbone : kBackbones) {
    for (const Layout layout : {Layout::kPaper, Layout::kOfficial}) {
      ReverseDistillation model(small(backbone.name, layout));
      model->eval();
      const torch::NoGradGuard no_grad;
      const FeaturePairs features = model->forward(at::randn({2, 3, 64, 96}));
      const int64_t e = backbone.expansion();
      for (int64_t k = 0; k < 3; ++k) {
        const Shape expected = {2, (64 << k) * e, 16 >> k, 24 >> k};
        EXPECT(features.teacher[static_cast<size_t>(k)].sizes().vec() == expected);
        EXPECT(features.student[static_cast<size_t>(k)].sizes().vec() == expected);
      }
    }
  }
}

TEST("the tensors have the names of torchvision and of the published checkpoints") {
  Detector basic(small("resnet18", Layout::kOfficial));
  auto teacher = shapes(basic, Part::kTeacher);
  EXPECT(teacher.size() == 90, teacher.size());
  EXPECT((teacher.at("layer2.0.downsample.0.weight") == Shape{128, 64, 1, 1}));
  EXPECT(teacher.count("layer1.0.downsample.0.weight") == 0);
  EXPECT(teacher.at("layer3.1.bn2.num_batches_tracked").empty());

  Detector deep(small("wide_resnet50_2", Layout::kOfficial));
  teacher = shapes(deep, Part::kTeacher);
  EXPECT((teacher.at("layer1.0.downsample.0.weight") == Shape{256, 64, 1, 1}));
  EXPECT((teacher.at("layer3.5.conv2.weight") == Shape{512, 512, 3, 3}));
  const auto bn = shapes(deep, Part::kBottleneck);
  EXPECT((bn.at("conv1.weight") == Shape{512, 256, 3, 3}));
  EXPECT((bn.at("conv2.weight") == Shape{1024, 512, 3, 3}));
  EXPECT((bn.at("conv3.weight") == Shape{1024, 512, 3, 3}));
  EXPECT((bn.at("conv4.weight") == Shape{2048, 4096, 1, 1}));
  EXPECT((bn.at("bn4.running_var") == Shape{2048}));
  EXPECT((bn.at("bn_layer.0.conv1.weight") == Shape{1024, 3072, 1, 1}));
  EXPECT((bn.at("bn_layer.0.downsample.0.weight") == Shape{2048, 3072, 1, 1}));
  EXPECT(bn.count("bn_layer.2.conv3.weight") == 1 && bn.count("bn_layer.3.conv1.weight") == 0);
  const auto decoder = shapes(deep, Part::kDecoder);
  EXPECT((decoder.at("layer1.0.conv2.weight") == Shape{512, 512, 2, 2}));
  EXPECT((decoder.at("layer1.0.upsample.0.weight") == Shape{2048, 1024, 2, 2}));
  EXPECT(decoder.count("layer1.2.conv1.weight") == 1 && decoder.count("layer1.3.conv1.weight") == 0);
  EXPECT(decoder.count("layer3.5.conv1.weight") == 1);
  EXPECT((shapes(basic, Part::kDecoder).at("layer1.0.conv1.weight") == Shape{512, 256, 2, 2}));
}

TEST("layout paper fuses with a 1x1 convolution and mirrors the block counts") {
  Detector detector(small("resnet50"));
  const auto bn = shapes(detector, Part::kBottleneck);
  EXPECT((bn.at("conv4.weight") == Shape{1024, 3072, 1, 1}));
  EXPECT((bn.at("bn_layer.0.conv1.weight") == Shape{512, 1024, 1, 1}));
  const auto decoder = shapes(detector, Part::kDecoder);
  EXPECT(decoder.count("layer1.5.conv1.weight") == 1);
  EXPECT(decoder.count("layer3.2.conv1.weight") == 1 && decoder.count("layer3.3.conv1.weight") == 0);
}

TEST("initial weights follow the seed and their layers' distributions") {
  ModelConfig config = small("resnet18");
  Detector first(config);
  Detector same(config);
  config.seed = 1;
  Detector other(config);
  const auto tensor = [](Detector& detector, Part part, const std::string& name) {
    for (const NamedTensor& entry : detector.tensors(part)) {
      if (entry.name == name) return entry.tensor;
    }
    throw std::runtime_error("no tensor " + name);
  };
  const at::Tensor weight = tensor(first, Part::kBottleneck, "conv2.weight");
  EXPECT(at::equal(weight, tensor(same, Part::kBottleneck, "conv2.weight")));
  EXPECT(!at::equal(weight, tensor(other, Part::kBottleneck, "conv2.weight")));
  const double deviation = std::sqrt(2.0 / (256.0 * 9.0));
  EXPECT_CLOSE(weight.std(), at::scalar_tensor(deviation), 0.0, 0.02);
  const at::Tensor transposed = tensor(first, Part::kDecoder, "layer1.0.conv1.weight");
  const double bound = 1.0 / std::sqrt(256.0 * 4.0);
  EXPECT(transposed.abs().max().item<double>() <= bound);
  EXPECT_CLOSE(transposed.std(), at::scalar_tensor(bound / std::sqrt(3.0)), 0.0, 0.02);
}

TEST("loading names every tensor that does not match, and changes nothing") {
  Detector detector(small("resnet18"));
  std::vector<NamedTensor> state;
  for (const NamedTensor& entry : detector.tensors(Part::kBottleneck)) {
    state.push_back({entry.name, at::ones_like(entry.tensor)});
  }
  const at::Tensor before = detector.tensors(Part::kBottleneck)[0].tensor.clone();
  auto missing = state;
  missing.erase(missing.begin());
  EXPECT_THROWS(detector.load(Part::kBottleneck, missing), "\"conv1.weight\" is missing");
  auto misshapen = state;
  misshapen[0].tensor = at::ones({2, 2});
  EXPECT_THROWS(detector.load(Part::kBottleneck, misshapen), "has shape [2, 2] instead of [128, 64, 3, 3]");
  auto unknown = state;
  unknown.push_back({"conv9.weight", at::ones({1})});
  EXPECT_THROWS(detector.load(Part::kBottleneck, unknown), "\"conv9.weight\" is not one of its tensors");
  EXPECT(at::equal(detector.tensors(Part::kBottleneck)[0].tensor, before));
  detector.load(Part::kBottleneck, state);
  EXPECT(detector.tensors(Part::kBottleneck)[0].tensor.eq(1.0).all().item<bool>());
}

TEST("a doubling convolution and its gradients are LibTorch's transposed convolution") {
  at::manual_seed(5);
  for (const at::MemoryFormat layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    DoublingConvolution doubling(6, 4);
    doubling->to(at::kDouble);
    const torch::NoGradGuard no_grad;
    doubling->weight.normal_();
    const at::Tensor weight = doubling->weight.detach().clone().requires_grad_();
    const at::Tensor input = at::randn({2, 6, 3, 5}, at::kDouble).contiguous(layout).requires_grad_();
    const at::Tensor reference_input = input.detach().clone().requires_grad_();
    const at::Tensor gradient = at::randn({2, 4, 6, 10}, at::kDouble).contiguous(layout);

    at::AutoGradMode grad(true);
    const at::Tensor output = doubling->forward(input);
    const at::Tensor reference = at::conv_transpose2d(reference_input, weight, {}, 2);
    EXPECT(at::equal(output, reference));
    output.backward(gradient);
    reference.backward(gradient);
    EXPECT(at::allclose(input.grad(), reference_input.grad(), 0, 1e-12));
    EXPECT(at::allclose(doubling->weight.grad(), weight.grad(), 0, 1e-12));
  }
}

TEST("an unknown backbone is refused, and the known ones are named") {
  EXPECT_THROWS(find_backbone("resnet19"), "resnet50, wide_resnet50_2; got \"resnet19\"");
}

TEST("an unknown device is refused by name") {
  ModelConfig config = small("resnet18");
  config.device = "cuda:0";
  EXPECT_THROWS(Detector{config}, "is not available");
  config.device = "abacus";
  EXPECT_THROWS(Detector{config}, "got \"abacus\"");
}

}  // namespace reverse_distillation::test::model_test
