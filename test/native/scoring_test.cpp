#include <ATen/ATen.h>

#include <cmath>

#include "harness.h"
#include "naive.h"
#include "pipeline/detector.h"
#include "pipeline/image_statistics.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation::test::scoring_test {

namespace {

PixelView view_of(const at::Tensor& pixels) {
  return {pixels.data_ptr<uint8_t>(), pixels.size(1), pixels.size(0), pixels.size(2)};
}

at::Tensor random_pixels(int64_t height, int64_t width, int64_t channels) {
  return at::randint(0, 256, {height, width, channels}, at::kByte);
}

}  // namespace

TEST("resizing equals an antialiased triangle filter within one grey level") {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{100, 130}, {31, 17}, {1, 1}, {64, 300}}) {
    for (const int64_t channels : {1, 3, 4}) {
      const at::Tensor pixels = random_pixels(height, width, channels);
      const at::Tensor resized = resize_pixels(view_of(pixels), 64, 96);
      EXPECT((resized.sizes() == at::IntArrayRef({64, 96, 3})));
      for (int64_t c = 0; c < 3; ++c) {
        const at::Tensor source = pixels.select(2, channels == 1 ? 0 : c);
        EXPECT_CLOSE(resized.select(2, c), naive_resize(source, 64, 96), 1.0, 0.0);
      }
    }
  }
}

TEST("pixels of the right size are used unchanged, in the caller's memory") {
  const at::Tensor rgb = random_pixels(32, 64, 3);
  EXPECT(resize_pixels(view_of(rgb), 32, 64).data_ptr() == rgb.data_ptr());
  const at::Tensor rgba = random_pixels(32, 64, 4);
  EXPECT(at::equal(resize_pixels(view_of(rgba), 32, 64), rgba.narrow(2, 0, 3)));
  const at::Tensor grey = random_pixels(32, 64, 1);
  EXPECT(at::equal(resize_pixels(view_of(grey), 32, 64), grey.expand({32, 64, 3})));
}

TEST("an image set keeps its own copy of the caller's pixels") {
  at::Tensor pixels = random_pixels(32, 32, 3);
  const at::Tensor before = pixels.clone();
  ImageSet images({32, 32});
  images.add(view_of(pixels));
  pixels.zero_();
  EXPECT(at::equal(images.batch(at::zeros({1}, at::kLong))[0], before));
}

TEST("normalising subtracts ImageNet's mean and divides by its deviation, channels-last") {
  const at::Tensor pixels = at::tensor({255, 0, 51}, at::kByte).view({1, 1, 1, 3});
  const at::Tensor images = normalise(pixels);
  EXPECT((images.sizes() == at::IntArrayRef({1, 3, 1, 1})));
  EXPECT_CLOSE(images.flatten(), at::tensor({(1.0 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225}),
               1e-6, 0.0);
  EXPECT(normalise(random_pixels(4, 6, 3).unsqueeze(0)).is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST("anomaly maps are the naive equations put together, by sum and by product, for any layers") {
  FeaturePairs features;
  for (int64_t k = 0; k < 3; ++k) {
    features.teacher.push_back(at::randn({2, 4, 8 >> k, 16 >> k}));
    features.student.push_back(at::randn({2, 4, 8 >> k, 16 >> k}));
  }
  ModelConfig config;
  config.height = 32;
  config.width = 64;
  config.sigma = 2.0;
  for (const std::vector<int64_t>& layers : {std::vector<int64_t>{1, 2, 3}, {1, 3}, {2}}) {
    config.layers = layers;
    for (const Combine combine : {Combine::kSum, Combine::kProduct}) {
      config.combine = combine;
      at::Tensor combined;
      for (const int64_t layer : layers) {
        const auto k = static_cast<size_t>(layer - 1);
        const at::Tensor map =
            naive_upsample_sum({naive_cosine_map(features.teacher[k], features.student[k])}, 32, 64);
        if (!combined.defined()) {
          combined = map;
        } else {
          combined = combine == Combine::kSum ? combined + map : combined * map;
        }
      }
      const at::Tensor expected = naive_gaussian_blur(combined, 2.0);
      const AnomalyMaps result = anomaly_maps(features, config);
      EXPECT_CLOSE(result.maps, expected, 1e-5, 0.0);
      EXPECT_CLOSE(result.scores, expected.flatten(1).amax(1), 1e-5, 0.0);
    }
  }
}

TEST("the statistics of images are those of their luma, in any precision and normalisation") {
  at::manual_seed(3);
  const at::Tensor pixels = at::randint(0, 256, {2, 32, 64, 3}, at::kByte);
  pixels[1].copy_(pixels[1] / 4 + 100);
  const at::Tensor luma =
      at::matmul(pixels.to(at::kDouble) / 255, at::tensor({0.299, 0.587, 0.114}, at::kDouble));
  for (const Normalisation normalisation : {Normalisation::kImageNet, Normalisation::kNone}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const at::Tensor found = image_statistics(normalise(pixels, normalisation).to(dtype), normalisation);
      EXPECT((found.sizes() == at::IntArrayRef({2, kImageStatistics})));
      const double tolerance = dtype == at::kFloat ? 1e-6 : 2e-3;
      for (int64_t i = 0; i < 2; ++i) {
        const at::Tensor image = luma[i];
        const auto values = image.accessor<double, 2>();
        double sum = 0, squares = 0, across = 0, down = 0;
        for (int64_t y = 0; y < 32; ++y) {
          for (int64_t x = 0; x < 64; ++x) {
            sum += values[y][x];
            squares += values[y][x] * values[y][x];
            if (x > 0) across += std::abs(values[y][x] - values[y][x - 1]);
            if (y > 0) down += std::abs(values[y][x] - values[y - 1][x]);
          }
        }
        const double mean = sum / (32 * 64), contrast = std::sqrt(squares / (32 * 64) - mean * mean);
        const double sharpness = (across / (32 * 63) + down / (31 * 64)) / 2 / contrast;
        const at::Tensor expected = at::tensor({mean, contrast, sharpness}, at::kFloat);
        EXPECT_CLOSE(found[i], expected, tolerance, tolerance);
      }
    }
  }
  const at::Tensor plain = at::full({1, 32, 32, 3}, 90, at::kByte);
  EXPECT_CLOSE(image_statistics(normalise(plain), Normalisation::kImageNet)[0],
               at::tensor({90 / 255.0, 0.0, 0.0}, at::kFloat), 1e-5, 0.0);
}

TEST("images score the same alone and in a batch, and an empty batch has no results") {
  ModelConfig config;
  config.height = 64;
  config.width = 32;
  Detector detector(config);
  const at::Tensor first = random_pixels(70, 50, 3);
  const at::Tensor second = random_pixels(64, 32, 1);
  const std::vector<PixelView> both = {view_of(first), view_of(second)};
  const ScoredBatch batch = detector.score(both);
  EXPECT((batch.maps.sizes() == at::IntArrayRef({2, 64, 32})));
  for (size_t i = 0; i < 2; ++i) {
    const ScoredBatch alone = detector.score({&both[i], 1});
    EXPECT_CLOSE(alone.maps[0], batch.maps[static_cast<int64_t>(i)], 1e-5, 0.0);
    EXPECT_CLOSE(alone.statistics[0], batch.statistics[static_cast<int64_t>(i)], 1e-6, 0.0);
    EXPECT(detector.last_pixels() == both[i].data);
    EXPECT(detector.last_map() == alone.maps.data_ptr());
  }
  EXPECT((detector.score({}).maps.sizes() == at::IntArrayRef({0, 64, 32})));
}

TEST("a map that is kept does not keep the memory of its batch, and a single one is not copied") {
  ModelConfig config;
  config.height = 32;
  config.width = 32;
  Detector detector(config);
  const at::Tensor pixels = random_pixels(32, 32, 3);
  const std::vector<PixelView> batch(3, view_of(pixels));
  for (const ScoredImage& image : detector.score_images(batch)) {
    EXPECT(image.map.storage().nbytes() == 32 * 32 * sizeof(float));
  }
  const std::vector<ScoredImage> alone = detector.score_images({batch.data(), 1});
  EXPECT(alone[0].map.data_ptr() == detector.last_map());
}

TEST("work is recorded for powers of two up to 32 images, and for multiples of 32 above") {
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{1, 1},   {2, 2},   {3, 4},    {4, 4},   {5, 8},
                                                          {8, 8},   {9, 16},  {17, 32},  {32, 32}, {33, 64},
                                                          {64, 64}, {65, 96}, {128, 128}};
  for (const auto& [count, size] : sizes) EXPECT(recorded_size(count) == size);
}

}  // namespace reverse_distillation::test::scoring_test
