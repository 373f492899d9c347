#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/fit.h"

namespace reverse_distillation {

/// A rectangle of an image that has the size of its map.
struct Tile {
  int64_t top, left;
  int64_t height, width;
};

/// A tile's part of a map or mask [map.height, map.width], or of an image [map.height, map.width, 3]. Shares
/// its memory.
at::Tensor cut(const at::Tensor& whole, const Tile& tile);

/// The tiles of a large image, which is first brought to the size of its map (`fitted_size`), so that tiles
/// lie on whole pixels and show what their neighbours show. They are as large as the frame, spread evenly,
/// and overlap by at least what the frame says. Without tiles in the frame, the whole image is one tile.
class Tiling {
 public:
  Tiling(PixelSize map, const Frame& frame);

  /// All tiles, row by row from the top: one at each of `tops` and of `lefts`.
  std::vector<Tile> tiles() const;
  const std::vector<int64_t>& tops() const { return tops_; }
  const std::vector<int64_t>& lefts() const { return lefts_; }
  PixelSize tile_size() const { return tile_; }

 private:
  PixelSize tile_;
  std::vector<int64_t> tops_ = {0}, lefts_ = {0};
};

/// The map of an image, put together from those of its tiles. Where tiles overlap, it is their weighted mean:
/// the weight of a tile falls to almost nothing towards its edges (sin^2), so that the map has no seams.
class BlendedMap {
 public:
  BlendedMap(PixelSize map, const Tiling& tiling);

  /// Adds the map of a tile, float32 [tile.height, tile.width]. Each tile must be added once, but for those
  /// whose map is 0.
  void add(const Tile& tile, const at::Tensor& map);

  /// float32 [map.height, map.width]
  const at::Tensor& map() const { return map_; }

 private:
  at::Tensor map_;
  at::Tensor row_sums_, column_sums_;  ///< Of the weights along each axis, float64.
  at::Tensor row_window_, column_window_;
};

}  // namespace reverse_distillation
