#include <ATen/ATen.h>

#include "harness.h"
#include "ops/ops.h"
#include "pipeline/anomaly_map.h"
#include "pipeline/detector.h"
#include "pipeline/image_statistics.h"
#include "pipeline/interest.h"
#include "pipeline/loss.h"

namespace reverse_distillation::test::interest_test {

namespace {

const std::vector<int64_t> kLayers = {1, 2, 3};

/// Features of images of 32 x 64, channels-last, of which the student's need a gradient.
FeaturePairs random_features(int64_t images) {
  FeaturePairs pairs;
  for (const int64_t factor : {4, 8, 16}) {
    const std::vector<int64_t> shape = {images, 8 * factor, 32 / factor, 64 / factor};
    const auto features = [&] { return at::randn(shape).contiguous(at::MemoryFormat::ChannelsLast); };
    pairs.teacher.push_back(features());
    pairs.student.push_back(features().requires_grad_());
  }
  return pairs;
}

/// A rectangle that cuts cells of all scales.
at::Tensor mask_of_rectangle(int64_t left, int64_t top, int64_t right, int64_t bottom) {
  at::Tensor mask = at::zeros({32, 64}, at::kByte);
  mask.slice(0, top, bottom).slice(1, left, right).fill_(1);
  return mask;
}

at::Tensor shares(const at::Tensor& masks, int64_t factor) {
  const int64_t height = masks.size(1) / factor, width = masks.size(2) / factor;
  return masks.to(at::kFloat).view({-1, height, factor, width, factor}).mean({2, 4});
}

/// The losses by their definitions, from differentiable operations.
at::Tensor defined_loss(const FeaturePairs& pairs, Loss loss, const at::Tensor& masks) {
  at::Tensor sum = at::zeros({});
  for (size_t k = 0; k < 3; ++k) {
    const at::Tensor weights = shares(masks, 4 << k).unsqueeze(1);
    const at::Tensor &t = pairs.teacher[k], &s = pairs.student[k];
    if (loss == Loss::kLocation) {
      const at::Tensor distances = 1 - (t * s).sum(1) / (t.norm(2, 1) * s.norm(2, 1));
      const at::Tensor w = weights.squeeze(1).expand_as(distances);
      sum = sum + ((distances * w).sum({1, 2}) / w.sum({1, 2})).mean();
    } else {
      const auto inner = [&](const at::Tensor& a, const at::Tensor& b) {
        return (weights * a * b).sum({1, 2, 3});
      };
      sum = sum + (1 - inner(t, s) / (inner(t, t).sqrt() * inner(s, s).sqrt())).mean();
    }
  }
  return sum;
}

/// A detector of 32 x 64 and one image of noise.
struct Scored {
  Detector detector;
  at::Tensor pixels = at::randint(0, 256, {32, 64, 3}, at::kByte);

  Scored() : detector(config()) {}
  static ModelConfig config() {
    ModelConfig config;
    config.height = 32;
    config.width = 64;
    return config;
  }
  PixelView view(const at::Tensor& mask) const {
    PixelView image{pixels.data_ptr<uint8_t>(), 64, 32, 3};
    if (mask.defined()) image.mask = {mask.data_ptr<uint8_t>(), static_cast<size_t>(mask.numel())};
    return image;
  }
  ScoredBatch score(const at::Tensor& mask) {
    const PixelView image = view(mask);
    return detector.score({&image, 1});
  }
};

}  // namespace

TEST("losses inside of regions of interest and their gradients follow from their definitions") {
  const at::Tensor one = mask_of_rectangle(5, 3, 41, 22).unsqueeze(0);
  const at::Tensor several =
      at::stack({mask_of_rectangle(0, 0, 7, 32), mask_of_rectangle(30, 9, 31, 10), one[0]});
  for (const Loss loss : {Loss::kLocation, Loss::kGlobal}) {
    for (const at::Tensor& masks : {one, several}) {
      const FeaturePairs pairs = random_features(3);
      const at::Tensor expected = defined_loss(pairs, loss, masks);
      expected.backward();
      const LossAndGradients found = distillation_loss(pairs, kLayers, loss, masks);
      EXPECT(at::allclose(found.loss, expected.detach(), 1e-5, 1e-6), found.loss << " and " << expected);
      for (size_t k = 0; k < 3; ++k) {
        const at::Tensor gradient = pairs.student[k].grad();
        EXPECT(at::allclose(found.gradients[k], gradient, 1e-4, 1e-7));
        const at::Tensor outside = (shares(masks, 4 << k).unsqueeze(1) == 0).expand_as(gradient);
        EXPECT(found.gradients[k].masked_select(outside).abs().sum().item<float>() == 0.0F);
      }
    }
  }
}

TEST("losses of whole images as regions of interest are those without") {
  const at::Tensor all = at::ones({1, 32, 64}, at::kByte);
  for (const Loss loss : {Loss::kLocation, Loss::kGlobal}) {
    const FeaturePairs pairs = random_features(2);
    const LossAndGradients without = distillation_loss(pairs, kLayers, loss);
    const LossAndGradients inside = distillation_loss(pairs, kLayers, loss, all);
    EXPECT(at::allclose(inside.loss, without.loss, 1e-6, 1e-7));
    for (size_t k = 0; k < 3; ++k) {
      EXPECT(at::allclose(inside.gradients[k], without.gradients[k], 1e-5, 1e-9));
    }
  }
}

TEST("a map is 0 outside of its region of interest, and scores its largest value") {
  Scored scored;
  const at::Tensor mask = mask_of_rectangle(10, 4, 30, 20);
  const ScoredBatch inside = scored.score(mask);
  EXPECT(at::equal(inside.maps[0], inside.maps[0] * mask));
  EXPECT(inside.maps[0].masked_select(mask.ne(0)).gt(0).all().item<bool>());
  EXPECT(inside.scores[0].item<float>() == inside.maps[0].max().item<float>());
  EXPECT_THROWS(scored.score(mask.slice(0, 0, 31).contiguous()), "must have 32 x 64 values; got 1984");
}

TEST("a map follows from the distances inside of its region of interest alone, as their mean") {
  const at::Tensor mask = mask_of_rectangle(10, 4, 30, 20).unsqueeze(0);
  for (const Combine combine : {Combine::kSum, Combine::kProduct}) {
    ModelConfig config = Scored::config();
    config.combine = combine;
    FeaturePairs pairs = random_features(2);
    for (size_t k = 0; k < 3; ++k) pairs.student[k] = pairs.student[k].detach();
    const AnomalyMaps before = anomaly_maps(pairs, config, mask);
    const AnomalyMaps all = anomaly_maps(pairs, config, at::ones({1, 32, 64}, at::kByte));
    EXPECT(at::allclose(all.maps, anomaly_maps(pairs, config).maps, 1e-5, 1e-6));

    // What lies outside is as wrong as it can be, and what lies inside has a distance of 1.
    for (size_t k = 0; k < 3; ++k) {
      const at::Tensor outside = shares(mask, 4 << k).eq(0).unsqueeze(1);
      pairs.student[k] = at::where(outside, -pairs.teacher[k], pairs.student[k]);
    }
    EXPECT(at::equal(anomaly_maps(pairs, config, mask).maps, before.maps));
    for (size_t k = 0; k < 3; ++k) {
      const at::Tensor outside = shares(mask, 4 << k).eq(0).unsqueeze(1);
      pairs.student[k] = at::where(outside, -pairs.teacher[k], at::zeros_like(pairs.teacher[k]));
    }
    const at::Tensor maps = anomaly_maps(pairs, config, mask).maps;
    const double expected = combine == Combine::kSum ? 3.0 : 1.0;
    EXPECT(at::allclose(maps, (mask * expected).to(at::kFloat).expand_as(maps), 1e-5, 0.0));
  }
}

TEST("statistics inside of a rectangle are those of an image that is cropped to it") {
  const at::Tensor images = at::rand({2, 3, 32, 64});
  const at::Tensor mask = mask_of_rectangle(10, 4, 30, 20).unsqueeze(0);
  const at::Tensor inside = image_statistics(images, Normalisation::kNone, mask);
  const at::Tensor cropped = image_statistics(images.slice(2, 4, 20).slice(3, 10, 30), Normalisation::kNone);
  EXPECT(at::allclose(inside, cropped, 1e-4, 1e-6), inside << " and " << cropped);
  const at::Tensor point =
      image_statistics(images, Normalisation::kNone, mask_of_rectangle(3, 3, 4, 4).unsqueeze(0));
  EXPECT(point.isfinite().all().item<bool>());
}

TEST("an image set keeps one mask for all images, and places those of padded images in the frame") {
  const Scored scored;
  const at::Tensor one = mask_of_rectangle(10, 4, 30, 20), other = mask_of_rectangle(0, 0, 1, 1);
  const at::Tensor same = one.clone();
  ImageSet images({32, 64});
  for (const at::Tensor& mask : {one, same, other}) images.add(scored.view(mask));
  EXPECT(at::equal(images.masks(at::arange(2, at::kLong)), one.unsqueeze(0)));
  EXPECT(at::equal(images.masks(at::arange(3, at::kLong)), at::stack({one, one, other})));

  ImageSet padded({64, 64, Fit::kPad});
  padded.add(scored.view(one));
  EXPECT(at::equal(padded.masks(at::zeros({1}, at::kLong)),
                   at::constant_pad_nd(one, {0, 0, 16, 16}).unsqueeze(0)));

  ImageSet without({32, 64});
  without.add(scored.view({}));
  EXPECT(!without.masks(at::zeros({1}, at::kLong)).defined());
}

TEST("padding lies outside: masks of padded images without a region of interest say so") {
  const Frame frame(64, 64, Fit::kPad);
  const Interest wide = {{32, 64}, {}}, tall = {{64, 20}, {}}, whole = {{64, 64}, {}};
  const at::Tensor of_wide = at::constant_pad_nd(at::ones({32, 64}, at::kByte), {0, 0, 16, 16});
  const at::Tensor of_tall = at::constant_pad_nd(at::ones({64, 20}, at::kByte), {22, 22});
  EXPECT(at::equal(masks_in_frame({wide, wide}, frame), of_wide.unsqueeze(0)));
  EXPECT(at::equal(masks_in_frame({wide, whole, tall}, frame),
                   at::stack({of_wide, at::ones({64, 64}, at::kByte), of_tall})));
  EXPECT(!masks_in_frame({whole, whole}, frame).defined());
  // Of two images with one region of interest, one may be padded.
  const at::Tensor one = mask_of_rectangle(10, 4, 30, 20);
  EXPECT(at::equal(masks_in_frame({{{32, 64}, one}, whole}, frame)[0],
                   at::constant_pad_nd(one, {0, 0, 16, 16})));
}

TEST("training inside of a region of interest learns, and differently from training on whole images") {
  const at::Tensor mask = mask_of_rectangle(10, 4, 30, 20);
  const auto trained = [&](const at::Tensor& given, Loss loss) {
    Scored scored;
    ImageSet images({32, 64});
    for (int i = 0; i < 4; ++i) images.add(scored.view(given));
    TrainingConfig config;
    config.epochs = 6;
    config.batch_size = 4;
    config.loss = loss;
    std::vector<double> losses;
    scored.detector.train(images, config, CancelToken(),
                          [&](const EpochReport& report) { losses.push_back(report.loss); });
    return losses;
  };
  for (const Loss loss : {Loss::kLocation, Loss::kGlobal}) {
    const std::vector<double> inside = trained(mask, loss), whole = trained({}, loss);
    EXPECT(inside.back() < 0.8 * inside.front(), inside.front() << " to " << inside.back());
    EXPECT(inside.front() != whole.front());
  }
}

}  // namespace reverse_distillation::test::interest_test
