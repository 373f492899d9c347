#pragma once

// Loops of `WinogradConvolution` over plain pointers: Winograd's F(4 x 4, 3 x 3) (Lavin & Gray 2016). A tile
// of 4 x 4 outputs needs 6 x 6 inputs. Both, and the weight, are transformed so that the convolution becomes
// 36 products of matrices, one for each place in the 6 x 6, with a quarter of the multiplications.

#include <cstdint>
#include <vector>

namespace reverse_distillation::cpu {

/// Outputs of a tile in each direction, and places of a transformed tile.
inline constexpr int64_t kTileSide = 4;
inline constexpr int64_t kPlaces = 36;

/// Images of `height` x `width` in tiles, numbered through all images, row by row. Tiles at the right and
/// lower border may reach beyond the image.
struct TileGrid {
  int64_t images;
  int64_t height;
  int64_t width;

  int64_t across() const { return (width + kTileSide - 1) / kTileSide; }
  int64_t per_image() const { return across() * ((height + kTileSide - 1) / kTileSide); }
  int64_t tiles() const { return images * per_image(); }
};

/// One value per place, tile and channel: [kPlaces, tiles, channels], where places may lie further apart.
struct TransformedTiles {
  float* data;
  int64_t place_stride;
  int64_t channels;
};

/// What a tile's outputs become: values + bias (+ residual), clamped at 0 if `relu`. The residual, which may
/// be null, and the output are [images, height, width, channels], and may be the same.
struct TileOutput {
  const float* bias;
  const float* residual;
  bool relu;
  float* output;
  int64_t channels;
};

/// The loops for one instruction set.
struct WinogradKernels {
  /// Output channels that `multiply` computes; those of a convolution must be a multiple of it.
  int64_t panel;
  /// Input channels must be a multiple of this.
  int64_t lanes;

  /// Transforms the tiles from `first` to `last` - 1 of the input [images, height, width, channels], whose
  /// border of 1 is `zeros`: [channels] zeros.
  void (*transform_input)(const float* input, const TileGrid& grid, const float* zeros, int64_t first,
                          int64_t last, TransformedTiles to);

  /// c[t][k] = sum over i of a[t][i] b[i][k] for one place: a [tiles, depth], b [depth, panel], and c [tiles,
  /// panel], whose rows are `c_stride` apart.
  void (*multiply)(const float* a, const float* b, int64_t tiles, int64_t depth, float* c, int64_t c_stride);

  /// Transforms products back, and writes the outputs of the tiles from `first` to `last` - 1, in the
  /// channels from `channel` on.
  void (*transform_output)(TransformedTiles from, const TileGrid& grid, int64_t first, int64_t last,
                           int64_t channel, const TileOutput& to);
};

/// The loops that this processor can run, the fastest first. Empty without AVX2.
const std::vector<WinogradKernels>& winograd_kernels();

}  // namespace reverse_distillation::cpu
