#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "harness.h"
#include "naive.h"
#include "pipeline/demosaic.h"
#include "pipeline/image_set.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation::test::pixels_test {

namespace {

/// Pixels in memory of their own, and a view of them.
template <typename T>
struct Image {
  std::vector<T> values;
  PixelView view;
};

template <typename T>
Image<T> random_image(int64_t height, int64_t width, int64_t channels, int64_t largest) {
  Image<T> image;
  const at::Tensor values = at::randint(0, largest + 1, {height * width * channels}, at::kLong);
  for (int64_t i = 0; i < values.numel(); ++i)
    image.values.push_back(static_cast<T>(values[i].item<int64_t>()));
  image.view = {reinterpret_cast<const uint8_t*>(image.values.data()), width, height, channels, sizeof(T)};
  return image;
}

/// The same rows with other values after each.
template <typename T>
Image<T> with_gaps(const Image<T>& packed, int64_t gap) {
  Image<T> image;
  const int64_t row = packed.view.width * packed.view.channels;
  for (int64_t y = 0; y < packed.view.height; ++y) {
    image.values.insert(image.values.end(), packed.values.begin() + y * row,
                        packed.values.begin() + (y + 1) * row);
    image.values.insert(image.values.end(), static_cast<size_t>(gap), static_cast<T>(77));
  }
  image.view = packed.view;
  image.view.data = reinterpret_cast<const uint8_t*>(image.values.data());
  image.view.stride = (row + gap) * static_cast<int64_t>(sizeof(T));
  return image;
}

/// The values as doubles, [height, width, channels].
template <typename T>
at::Tensor tensor_of(const Image<T>& image) {
  const std::vector<double> values(image.values.begin(), image.values.end());
  return at::tensor(values, at::kDouble).view({image.view.height, image.view.width, image.view.channels});
}

}  // namespace

TEST("16 bits are resized by an antialiased triangle filter without rounding, from black to white") {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{100, 130}, {31, 17}, {1, 1}, {64, 300}}) {
    for (const int64_t channels : {1, 3, 4}) {
      Image<uint16_t> image = random_image<uint16_t>(height, width, channels, 4095);
      for (const auto& [black, white] : {std::pair<double, double>{0, 4095}, {500, 3000}}) {
        image.view.black = black;
        image.view.white = white;
        const at::Tensor resized = resize_pixels(image.view, 64, 96);
        EXPECT(resized.scalar_type() == at::kFloat);
        EXPECT((resized.sizes() == at::IntArrayRef({64, 96, 3})));
        for (int64_t c = 0; c < 3; ++c) {
          const at::Tensor source = tensor_of(image).select(2, channels == 1 ? 0 : c);
          const at::Tensor values = naive_resize(source, 64, 96);
          EXPECT_CLOSE(resized.select(2, c), ((values - black) * (255.0 / (white - black))).clamp(0, 255),
                       1e-3, 0.0);
        }
      }
    }
  }
}

TEST("gaps between rows and the order BGR change nothing, of 8 and of 16 bits") {
  for (const int64_t channels : {1, 3, 4}) {
    const Image<uint8_t> bytes = random_image<uint8_t>(40, 50, channels, 255);
    const Image<uint16_t> words = random_image<uint16_t>(40, 50, channels, 65535);
    const std::pair<int64_t, int64_t> sizes[] = {{40, 50}, {32, 64}};
    for (const auto& [height, width] : sizes) {
      EXPECT(at::equal(resize_pixels(with_gaps(bytes, 5).view, height, width),
                       resize_pixels(bytes.view, height, width)));
      EXPECT(at::equal(resize_pixels(with_gaps(words, 5).view, height, width),
                       resize_pixels(words.view, height, width)));
      if (channels == 1) continue;
      PixelView bgr = bytes.view;
      bgr.order = PixelOrder::kBgr;
      EXPECT(at::equal(resize_pixels(bgr, height, width), resize_pixels(bytes.view, height, width).flip(2)));
      bgr = words.view;
      bgr.order = PixelOrder::kBgr;
      EXPECT(at::equal(resize_pixels(bgr, height, width), resize_pixels(words.view, height, width).flip(2)));
    }
  }
}

namespace {

/// Red, green or blue (0 to 2) of a sensor's pixel.
int64_t colour_at(PixelOrder order, int64_t x, int64_t y) {
  const char* const names = order == PixelOrder::kBayerRggb   ? "rggb"
                            : order == PixelOrder::kBayerBggr ? "bggr"
                            : order == PixelOrder::kBayerGrbg ? "grbg"
                                                              : "gbrg";
  const char name = names[2 * (y % 2) + x % 2];
  return name == 'r' ? 0 : name == 'g' ? 1 : 2;
}

/// The definition, colour by colour.
template <typename T>
at::Tensor naive_demosaic(const Image<T>& image) {
  const auto& [data, width, height, channels, sample_bytes, stride, order, black, white, fitted, mask] =
      image.view;
  const auto mirrored = [](int64_t i, int64_t size) { return i < 0 ? 1 : i == size ? size - 2 : i; };
  at::Tensor colours = at::zeros({height, width, 3}, at::kDouble);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t colour = 0; colour < 3; ++colour) {
        double sum = 0.0;
        double count = 0.0;
        for (int64_t dy = -1; dy <= 1; ++dy) {
          for (int64_t dx = -1; dx <= 1; ++dx) {
            const bool own = colour_at(order, x, y) == colour;
            if (own && (dx != 0 || dy != 0)) continue;
            if (colour == 1 && dx != 0 && dy != 0) continue;
            const int64_t sx = mirrored(x + dx, width);
            const int64_t sy = mirrored(y + dy, height);
            if (colour_at(order, sx, sy) != colour) continue;
            sum += static_cast<double>(image.values[static_cast<size_t>(sy * width + sx)]);
            count += 1.0;
          }
        }
        colours[y][x][colour] = std::floor(sum / count + 0.5);
      }
    }
  }
  return colours;
}

template <typename T>
void expect_demosaiced(int64_t largest) {
  for (const PixelOrder order :
       {PixelOrder::kBayerRggb, PixelOrder::kBayerBggr, PixelOrder::kBayerGrbg, PixelOrder::kBayerGbrg}) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{7, 5}, {6, 8}, {2, 2}}) {
      Image<T> image = random_image<T>(height, width, 1, largest);
      image.view.order = order;
      const at::Tensor expected = naive_demosaic(image);
      EXPECT(at::equal(demosaic(image.view).to(at::kDouble), expected));
      EXPECT(at::equal(demosaic(with_gaps(image, 4).view).to(at::kDouble), expected));
    }
  }
}

}  // namespace

TEST("a colour that a Bayer sensor has no filter for is the mean of its nearest neighbours") {
  expect_demosaiced<uint8_t>(255);
  expect_demosaiced<uint16_t>(65535);
}

TEST("a mosaic is resized as its colours are, and at its own size keeps them alive") {
  Image<uint8_t> image = random_image<uint8_t>(32, 64, 1, 255);
  image.view.order = PixelOrder::kBayerGrbg;
  const at::Tensor colours = demosaic(image.view);
  EXPECT(at::equal(resize_pixels(image.view, 32, 64), colours));
  const PixelView view = {colours.const_data_ptr<uint8_t>(), 64, 32, 3};
  EXPECT(at::equal(resize_pixels(image.view, 64, 32), resize_pixels(view, 64, 32)));
}

TEST("a batch of 8 and 16 bits is float32, and normalising leaves it as it is") {
  const Image<uint8_t> bytes = random_image<uint8_t>(32, 32, 3, 255);
  Image<uint16_t> words = random_image<uint16_t>(32, 32, 3, 0);
  for (size_t i = 0; i < words.values.size(); ++i)
    words.values[i] = static_cast<uint16_t>(bytes.values[i] * 257);
  ImageSet images({32, 32});
  images.add(bytes.view);
  images.add(words.view);
  const at::Tensor batch = images.batch(at::arange(2, at::kLong));
  EXPECT(batch.scalar_type() == at::kFloat);
  EXPECT_CLOSE(batch[0], batch[1], 1e-4, 0.0);
  EXPECT(images.batch(at::zeros({1}, at::kLong)).scalar_type() == at::kByte);
  const at::Tensor single = images.batch(at::ones({1}, at::kLong));
  const at::Tensor before = single.clone();
  EXPECT_CLOSE(normalise(single), normalise(batch.narrow(0, 0, 1)), 1e-5, 0.0);
  EXPECT(at::equal(single, before));
}

TEST("an image set applies levels that are set later to its images of 16 bits alone") {
  const Image<uint8_t> bytes = random_image<uint8_t>(40, 50, 3, 255);
  Image<uint16_t> words = random_image<uint16_t>(40, 50, 3, 4095);
  ImageSet images({32, 64});
  images.add(bytes.view);
  images.add(words.view);
  images.set_levels(100, 4000);
  words.view.black = 100;
  words.view.white = 4000;
  const at::Tensor batch = images.batch(at::arange(2, at::kLong));
  EXPECT(at::equal(batch[0], resize_pixels(bytes.view, 32, 64).to(at::kFloat)));
  EXPECT(at::equal(batch[1], resize_pixels(words.view, 32, 64)));
}

}  // namespace reverse_distillation::test::pixels_test
