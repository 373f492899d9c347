#include <ATen/ATen.h>

#include "core/cancel_token.h"
#include "harness.h"
#include "inference/folded_convolution.h"
#include "model/residual_stage.h"
#include "pipeline/detector.h"
#include "pipeline/training_step.h"

namespace reverse_distillation::test::cancel_test {

namespace {

ModelConfig small_config() {
  ModelConfig config;
  config.height = config.width = 32;
  return config;
}

}  // namespace

TEST("outside of a scope nothing is cancelled, and the innermost scope decides") {
  CancelToken outer, inner;
  throw_if_cancelled();
  const CancelScope outer_scope(outer);
  {
    const CancelScope inner_scope(inner);
    inner.cancel();
    EXPECT_THROWS(throw_if_cancelled(), "aborted");
  }
  throw_if_cancelled();
  outer.cancel();
  EXPECT_THROWS(throw_if_cancelled(), "aborted");
}

TEST("a cancelled token stops a convolution, a batch, a forward and a gradient, and the model still works") {
  const at::Tensor pixels = at::randint(0, 256, {32, 32, 3}, at::kByte);
  const std::vector<PixelView> images(3, PixelView{pixels.data_ptr<uint8_t>(), 32, 32, 3});
  Detector detector(small_config());
  const at::Tensor before = detector.score(images).scores;

  torch::nn::Conv2d convolution = make_convolution(3, 4, 3);
  torch::nn::BatchNorm2d norm(4);
  norm->eval();
  FoldedConvolution folded(*convolution, *norm, at::kFloat);
  const at::Tensor input = at::zeros({1, 3, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);

  ReverseDistillation model(small_config());
  const TrainMode train_mode(model);
  std::vector<at::Tensor> features;
  {
    const torch::NoGradGuard no_grad;
    features = model->teacher->forward(at::rand({2, 3, 32, 32}));
  }
  const at::Tensor reached = model->reconstruct(features).student.front().sum();
  {
    CancelToken token;
    const CancelScope scope(token);
    token.cancel();
    EXPECT_THROWS(folded.run(input, Activation::kNone), "aborted");
    EXPECT_THROWS(detector.score(images), "aborted");
    EXPECT_THROWS(model->reconstruct(features), "aborted");
    EXPECT_THROWS(reached.backward(), "aborted");
  }
  EXPECT(at::equal(detector.score(images).scores, before));
}

TEST("a batch of any size is scored in parts, each image as in a batch of its own") {
  ModelConfig config = small_config();
  config.height = config.width = 256;
  Detector detector(config);
  std::vector<at::Tensor> pixels;
  std::vector<PixelView> images;
  for (int i = 0; i < 17; ++i) {
    pixels.push_back(at::randint(0, 256, {40, 30, 3}, at::kByte));
    images.push_back({pixels.back().data_ptr<uint8_t>(), 30, 40, 3});
  }
  const AnomalyMaps all = detector.score(images);
  EXPECT((all.maps.sizes() == at::IntArrayRef({17, 256, 256})));
  EXPECT((all.scores.sizes() == at::IntArrayRef({17})));
  for (size_t i = 0; i < images.size(); ++i) {
    const AnomalyMaps alone = detector.score({&images[i], 1});
    const auto place = static_cast<int64_t>(i);
    EXPECT_CLOSE(all.maps[place], alone.maps[0], 1e-4, 1e-3);
    EXPECT_CLOSE(all.scores[place], alone.scores[0], 1e-4, 1e-3);
  }
}

}  // namespace reverse_distillation::test::cancel_test
