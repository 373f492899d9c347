#include "pipeline/tiled_scoring.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "pipeline/image_statistics.h"
#include "pipeline/interest.h"
#include "pipeline/tiling.h"

namespace reverse_distillation {

namespace {

/// A tile, and the memory of its region of interest.
struct ReadyTile {
  Tile tile;
  at::Tensor mask;
};

/// The pixels of a tile, in the memory of those of the image, which has the size of its map.
PixelView view_of(const ReadyTile& ready, const PixelView& image, const at::Tensor& pixels) {
  PixelView view = image;
  view.data = static_cast<const uint8_t*>(pixels.const_data_ptr());
  view.height = pixels.size(0);
  view.width = pixels.size(1);
  view.channels = 3;
  view.sample_bytes = pixels.element_size();
  view.stride = pixels.stride(0) * view.sample_bytes;
  view.order = PixelOrder::kRgb;
  view.fitted = true;
  if (ready.mask.defined()) {
    view.mask = {ready.mask.const_data_ptr<uint8_t>(), static_cast<size_t>(ready.mask.numel())};
  }
  return view;
}

/// The tiles that have a pixel inside of the region of interest.
std::vector<ReadyTile> tiles_inside(const Tiling& tiling, const at::Tensor& mask) {
  std::vector<ReadyTile> tiles;
  for (const Tile& tile : tiling.tiles()) {
    const at::Tensor inside = mask.defined() ? cut(mask, tile).contiguous() : at::Tensor();
    if (!inside.defined() || inside.any().item<bool>()) tiles.push_back({tile, inside});
  }
  return tiles;
}

}  // namespace

ScoredImage score_tiles(const PixelView& image, const Frame& frame, size_t at_a_time,
                        const ScoreBatch& score_batch) {
  const at::Tensor values = fit_values(image, frame);
  const PixelSize size = {values.size(0), values.size(1)};
  const Tiling tiling(size, frame);
  const std::vector<ReadyTile> tiles = tiles_inside(tiling, mask_of(image, size.height, size.width));
  BlendedMap blended(size, tiling);
  at::Tensor statistics = at::zeros({kImageStatistics});
  for (size_t first = 0; first < tiles.size(); first += at_a_time) {
    const std::span group = std::span(tiles).subspan(first, std::min(at_a_time, tiles.size() - first));
    std::vector<PixelView> views;
    for (const ReadyTile& ready : group) views.push_back(view_of(ready, image, cut(values, ready.tile)));
    const ScoredBatch scored = score_batch(views);
    for (size_t i = 0; i < group.size(); ++i) {
      blended.add(group[i].tile, scored.maps[static_cast<int64_t>(i)]);
    }
    statistics += scored.statistics.sum(0);
  }
  statistics /= static_cast<double>(std::max<size_t>(1, tiles.size()));
  return {blended.map(), blended.map().max(), statistics};
}

}  // namespace reverse_distillation
