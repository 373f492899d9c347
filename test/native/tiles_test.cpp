#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "harness.h"
#include "pipeline/detector.h"
#include "pipeline/image_set.h"
#include "pipeline/preprocess.h"
#include "pipeline/tiling.h"

namespace reverse_distillation::test::tiles_test {

namespace {

Frame tiled(int64_t height, int64_t width, Tiles tiles) { return Frame(height, width, Fit::kStretch, tiles); }

PixelView view_of(const at::Tensor& pixels) {
  return {static_cast<const uint8_t*>(pixels.const_data_ptr()), pixels.size(1), pixels.size(0),
          pixels.size(2), static_cast<int64_t>(pixels.element_size())};
}

at::Tensor random_pixels(int64_t height, int64_t width) {
  return at::randint(0, 256, {height, width, 3}, at::kByte);
}

ModelConfig small_config(std::optional<Tiles> tiles) {
  ModelConfig config;
  config.height = config.width = 64;
  config.tiles = tiles;
  return config;
}

/// The map of an image from those of its tiles, pixel by pixel.
at::Tensor blended_by_definition(Detector& untiled, const at::Tensor& pixels, const Tiling& tiling) {
  const int64_t height = pixels.size(0), width = pixels.size(1);
  const at::Tensor sums = at::zeros({height, width}, at::kDouble);
  const at::Tensor weights = at::zeros({height, width}, at::kDouble);
  for (const Tile& tile : tiling.tiles()) {
    const at::Tensor part = cut(pixels, tile).contiguous();
    const PixelView view = view_of(part);
    const at::Tensor map = untiled.score({&view, 1}).maps[0];
    for (int64_t y = 0; y < tile.height; ++y) {
      for (int64_t x = 0; x < tile.width; ++x) {
        const auto window = [](double at, double side) {
          return std::pow(std::sin(M_PI * (at + 0.5) / side), 2);
        };
        const double weight = window(static_cast<double>(y), static_cast<double>(tile.height)) *
                              window(static_cast<double>(x), static_cast<double>(tile.width));
        sums[tile.top + y][tile.left + x] += weight * map[y][x].item<double>();
        weights[tile.top + y][tile.left + x] += weight;
      }
    }
  }
  return (sums / weights).to(at::kFloat);
}

}  // namespace

TEST("tiles cover an image from edge to edge and overlap by at least what is asked for") {
  const struct {
    int64_t height, width;
    Tiles tiles;
  } cases[] = {{64, 64, {64, 64, 16}},   {65, 64, {64, 64, 0}},     {640, 64, {64, 64, 63}},
               {500, 700, {64, 64, 16}}, {512, 16384, {64, 64, 8}}, {301, 207, {96, 48, 20}}};
  for (const auto& [height, width, tiles] : cases) {
    const Frame frame = tiled(64, 64, tiles);
    const PixelSize map = fitted_size({height, width}, frame);
    const at::Tensor covered = at::zeros({map.height, map.width}, at::kInt);
    const Tiling tiling(map, frame);
    for (const Tile& tile : tiling.tiles()) cut(covered, tile).add_(1);
    EXPECT(covered.min().item<int>() >= 1);
    EXPECT(tiling.tops().front() == 0 && tiling.tops().back() == map.height - 64);
    EXPECT(tiling.lefts().front() == 0 && tiling.lefts().back() == map.width - 64);
    const auto steps_fit = [&](const std::vector<int64_t>& begins, int64_t side) {
      for (size_t i = 1; i < begins.size(); ++i) {
        const int64_t shared = 64 - (begins[i] - begins[i - 1]);
        if (begins[i] <= begins[i - 1] || shared * side < tiles.overlap * 64) return false;
      }
      return true;
    };
    EXPECT(steps_fit(tiling.tops(), tiles.height) && steps_fit(tiling.lefts(), tiles.width));
  }
}

TEST("maps that agree where tiles overlap become the map that they were cut from") {
  const Frame frame = tiled(32, 64, {32, 64, 12});
  const PixelSize size = {150, 201};
  const Tiling tiling(size, frame);
  const at::Tensor whole = at::rand({size.height, size.width});
  BlendedMap blended(size, tiling);
  for (const Tile& tile : tiling.tiles()) blended.add(tile, cut(whole, tile));
  EXPECT(at::allclose(blended.map(), whole, 1e-6, 1e-6));
}

TEST("a tiled image scores as the weighted mean of its tiles") {
  const Tiles tiles = {64, 64, 20};
  Detector untiled(small_config({})), detector(small_config(tiles));
  const at::Tensor pixels = random_pixels(100, 150);
  const PixelView view = view_of(pixels);
  const std::vector<ScoredImage> scored = detector.score_images({&view, 1});
  const Tiling tiling({100, 150}, tiled(64, 64, tiles));
  EXPECT(tiling.tiles().size() == 6);
  const at::Tensor expected = blended_by_definition(untiled, pixels, tiling);
  EXPECT(at::allclose(scored[0].map, expected, 1e-5, 1e-5));
  EXPECT(scored[0].score.item<float>() == scored[0].map.max().item<float>());
}

TEST("tiles are resized to the networks' input, and images of one tile score as without tiles") {
  Detector untiled(small_config({})), detector(small_config(Tiles{128, 32, 8}));
  const at::Tensor pixels = random_pixels(128, 32);
  const PixelView view = view_of(pixels);
  const std::vector<ScoredImage> tiled_one = detector.score_images({&view, 1});
  EXPECT(at::equal(tiled_one[0].map, untiled.score({&view, 1}).maps[0]));
  const at::Tensor larger = random_pixels(300, 100);
  const PixelView large = view_of(larger);
  const std::vector<ScoredImage> scored = detector.score_images({&large, 1});
  EXPECT(scored[0].map.size(0) == 150 && scored[0].map.size(1) == 200);
}

TEST("an image that was resized before scores as the one that it was made from") {
  const Tiles tiles = {128, 128, 32};
  Detector detector(small_config(tiles));
  const at::Tensor pixels = random_pixels(200, 260);
  const PixelView view = view_of(pixels);
  const at::Tensor resized = fit_values(view, Frame(small_config(tiles)));
  EXPECT(resized.size(0) == 100 && resized.size(1) == 130);
  PixelView fitted = view_of(resized);
  fitted.fitted = true;
  EXPECT(at::equal(detector.score_images({&view, 1})[0].map, detector.score_images({&fitted, 1})[0].map));
}

TEST("16 bits, Bayer mosaics and padded rows are cut into tiles as whole images are read") {
  Detector detector(small_config(Tiles{64, 64, 16}));
  const at::Tensor values = at::randint(0, 4096, {96, 130, 1}, at::kShort);
  PixelView mosaic = view_of(values);
  mosaic.white = 4095.0;
  mosaic.order = PixelOrder::kBayerGrbg;
  mosaic.width = 120;
  mosaic.stride = 260;
  const at::Tensor colours = resize_pixels(mosaic, 96, 120);
  PixelView plain = view_of(colours);
  plain.white = 255.0;
  const at::Tensor expected = detector.score_images({&plain, 1})[0].map;
  EXPECT(at::allclose(detector.score_images({&mosaic, 1})[0].map, expected, 1e-4, 1e-5));
}

TEST("training sees every tile once an epoch, but none outside of the region of interest") {
  ImageSet set(tiled(64, 64, {64, 64, 16}));
  const at::Tensor first = random_pixels(64, 160), second = random_pixels(112, 64);
  set.add(view_of(first));
  PixelView masked = view_of(second);
  std::vector<uint8_t> mask(112 * 64, 0);
  mask[3] = 1;
  masked.mask = mask;
  EXPECT(set.size() == 3);
  set.add(masked);
  EXPECT(set.size() == 4 && set.images() == 2);
  const at::Tensor inputs = set.batch(at::arange(4, at::kLong));
  EXPECT(at::equal(inputs[1], first.narrow(1, 48, 64)));
  EXPECT(at::equal(inputs[2], first.narrow(1, 96, 64)));
  EXPECT(at::equal(inputs[3], second.narrow(0, 0, 64)));
  const at::Tensor masks = set.masks(at::full({1}, 3, at::kLong));
  EXPECT(masks.sum().item<int64_t>() == 1 && masks[0][0][3].item<int>() == 1);
  const std::vector<ImageSet::Image> taken = set.take_out({0});
  EXPECT(at::equal(taken[0].values, first));
  EXPECT(set.size() == 1 && at::equal(set.batch(at::zeros({1}, at::kLong))[0], second.narrow(0, 0, 64)));
}

TEST("a tiled image has a map of 0 outside of the region of interest, and the same map inside as its tiles") {
  Detector detector(small_config(Tiles{64, 64, 16}));
  const at::Tensor pixels = random_pixels(64, 224);
  PixelView view = view_of(pixels);
  const at::Tensor mask = at::zeros({64, 224}, at::kByte);
  mask.narrow(1, 20, 90).fill_(1);
  view.mask = {mask.const_data_ptr<uint8_t>(), static_cast<size_t>(mask.numel())};
  const at::Tensor map = detector.score_images({&view, 1})[0].map;
  EXPECT(map.masked_select(mask.eq(0)).eq(0).all().item<bool>());
  EXPECT(map.masked_select(mask.ne(0)).gt(0).all().item<bool>());
}

TEST("an image that is smaller than a tile is refused") {
  Detector detector(small_config(Tiles{64, 64, 16}));
  const at::Tensor pixels = random_pixels(63, 200);
  const PixelView view = view_of(pixels);
  EXPECT_THROWS(detector.score_images({&view, 1}), "smaller than the tiles of 64 x 64");
  ImageSet set(tiled(64, 64, {64, 64, 16}));
  EXPECT_THROWS(set.add(view), "smaller than the tiles of 64 x 64");
}

}  // namespace reverse_distillation::test::tiles_test
