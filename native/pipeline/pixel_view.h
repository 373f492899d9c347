#pragma once

#include <cstdint>
#include <span>

namespace reverse_distillation {

/// Order of the colours: within a pixel, or on a colour sensor with one value per pixel, named by the first
/// two pixels of the first row, then of the second.
enum class PixelOrder { kRgb, kBgr, kBayerRggb, kBayerBggr, kBayerGrbg, kBayerGbrg };

inline bool is_bayer(PixelOrder order) { return order != PixelOrder::kRgb && order != PixelOrder::kBgr; }

/// Pixels in the caller's memory: rows from the top, channels interleaved.
struct PixelView {
  const uint8_t* data;
  int64_t width;
  int64_t height;
  int64_t channels;          ///< 1: grey or Bayer; 3: RGB; 4: RGB and an alpha, which is dropped.
  int64_t sample_bytes = 1;  ///< 1: uint8; 2: uint16; 4: float32 with the values of uint16. Aligned.
  int64_t stride = 0;        ///< Bytes from one row to the next; 0 if rows are not padded.
  PixelOrder order = PixelOrder::kRgb;
  double black = 0.0;      ///< Not for uint8: this value, and those below it, become 0.
  double white = 65535.0;  ///< Not for uint8: this value, and those above it, become 255.

  bool fitted = false;  ///< Whether the image has been brought into the networks' input; see `fit.h`.

  std::span<const uint8_t> mask = {};  ///< The region of interest; empty: the whole image. See `interest.h`.

  int64_t row_bytes() const { return stride != 0 ? stride : width * channels * sample_bytes; }
};

}  // namespace reverse_distillation
