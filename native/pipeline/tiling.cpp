#include "pipeline/tiling.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numbers>

namespace reverse_distillation {

namespace {

/// Where tiles of `side` begin along an axis.
std::vector<int64_t> spread(int64_t length, int64_t side, int64_t overlap) {
  const int64_t rest = length - side, step = side - overlap;
  const int64_t gaps = (rest + step - 1) / step;
  std::vector<int64_t> begins = {0};
  for (int64_t i = 1; i <= gaps; ++i) begins.push_back(rest * i / gaps);
  return begins;
}

/// An overlap in pixels of the image as one in pixels of the map.
int64_t overlap_on_map(int64_t overlap, int64_t side, int64_t side_in_image) {
  return std::min(side - 1, (overlap * side + side_in_image - 1) / side_in_image);
}

at::Tensor window_of(int64_t side) {
  const at::Tensor centres = at::arange(side, at::kDouble).add_(0.5);
  return centres.mul_(std::numbers::pi / static_cast<double>(side)).sin_().square_();
}

at::Tensor sums_of(const std::vector<int64_t>& begins, const at::Tensor& window, int64_t length) {
  at::Tensor sums = at::zeros({length}, at::kDouble);
  for (const int64_t begin : begins) sums.narrow(0, begin, window.numel()).add_(window);
  return sums;
}

}  // namespace

at::Tensor cut(const at::Tensor& whole, const Tile& tile) {
  return whole.narrow(0, tile.top, tile.height).narrow(1, tile.left, tile.width);
}

Tiling::Tiling(PixelSize map, const Frame& frame) : tile_(map) {
  if (!frame.tiles) return;
  const auto& [height, width, overlap] = *frame.tiles;
  tile_ = {frame.height, frame.width};
  tops_ = spread(map.height, frame.height, overlap_on_map(overlap, frame.height, height));
  lefts_ = spread(map.width, frame.width, overlap_on_map(overlap, frame.width, width));
}

std::vector<Tile> Tiling::tiles() const {
  std::vector<Tile> tiles;
  for (const int64_t top : tops_) {
    for (const int64_t left : lefts_) tiles.push_back({top, left, tile_.height, tile_.width});
  }
  return tiles;
}

BlendedMap::BlendedMap(PixelSize map, const Tiling& tiling)
    : map_(at::zeros({map.height, map.width})),
      row_window_(window_of(tiling.tile_size().height)),
      column_window_(window_of(tiling.tile_size().width)) {
  row_sums_ = sums_of(tiling.tops(), row_window_, map.height);
  column_sums_ = sums_of(tiling.lefts(), column_window_, map.width);
}

void BlendedMap::add(const Tile& tile, const at::Tensor& map) {
  const at::Tensor rows = row_window_ / row_sums_.narrow(0, tile.top, tile.height);
  const at::Tensor columns = column_window_ / column_sums_.narrow(0, tile.left, tile.width);
  cut(map_, tile).add_(map * at::outer(rows.to(at::kFloat), columns.to(at::kFloat)));
}

}  // namespace reverse_distillation
