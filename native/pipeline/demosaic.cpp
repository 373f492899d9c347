#include "pipeline/demosaic.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace reverse_distillation {

namespace {

/// The position of red in each 2 x 2 pixels; blue is diagonally opposite.
struct RedPlace {
  int64_t row;
  int64_t column;
};

RedPlace red_place(PixelOrder order) {
  const bool lower = order == PixelOrder::kBayerBggr || order == PixelOrder::kBayerGbrg;
  const bool right = order == PixelOrder::kBayerBggr || order == PixelOrder::kBayerGrbg;
  return {lower ? 1 : 0, right ? 1 : 0};
}

/// Mirrors an index at the borders 0 and size - 1.
int64_t mirrored(int64_t index, int64_t size) {
  if (index < 0) return -index;
  return index < size ? index : 2 * (size - 1) - index;
}

template <typename T>
void demosaic_rows(const PixelView& pixels, T* target, int64_t first, int64_t end) {
  const RedPlace red = red_place(pixels.order);
  const auto row_at = [&](int64_t y) {
    return reinterpret_cast<const T*>(pixels.data + mirrored(y, pixels.height) * pixels.row_bytes());
  };
  for (int64_t y = first; y < end; ++y) {
    const T* const above = row_at(y - 1);
    const T* const here = row_at(y);
    const T* const below = row_at(y + 1);
    const bool red_row = y % 2 == red.row;
    T* pixel = target + y * pixels.width * 3;
    for (int64_t x = 0; x < pixels.width; ++x, pixel += 3) {
      const int64_t left = mirrored(x - 1, pixels.width);
      const int64_t right = mirrored(x + 1, pixels.width);
      const uint32_t beside = uint32_t{here[left]} + here[right];
      const uint32_t upright = uint32_t{above[x]} + below[x];
      // Green alternates with red in one row, and with blue in the next.
      const bool green = (x % 2 == red.column) != red_row;
      T& own = pixel[red_row ? 0 : 2];
      T& other = pixel[red_row ? 2 : 0];
      if (green) {
        own = static_cast<T>((beside + 1) / 2);
        pixel[1] = here[x];
        other = static_cast<T>((upright + 1) / 2);
      } else {
        const uint32_t corners = uint32_t{above[left]} + above[right] + below[left] + below[right];
        own = here[x];
        pixel[1] = static_cast<T>((beside + upright + 2) / 4);
        other = static_cast<T>((corners + 2) / 4);
      }
    }
  }
}

template <typename T>
at::Tensor demosaic_as(const PixelView& pixels, at::ScalarType type) {
  at::Tensor colours = at::empty({pixels.height, pixels.width, 3}, type);
  T* const target = static_cast<T*>(colours.data_ptr());
  at::parallel_for(0, pixels.height, 64,
                   [&](int64_t first, int64_t end) { demosaic_rows<T>(pixels, target, first, end); });
  return colours;
}

}  // namespace

at::Tensor demosaic(const PixelView& pixels) {
  return pixels.sample_bytes == 1 ? demosaic_as<uint8_t>(pixels, at::kByte)
                                  : demosaic_as<uint16_t>(pixels, at::kUInt16);
}

}  // namespace reverse_distillation
