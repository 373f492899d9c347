#pragma once

#include <functional>
#include <span>

#include "pipeline/anomaly_map.h"
#include "pipeline/fit.h"
#include "pipeline/pixel_view.h"

namespace reverse_distillation {

/// Scores images of the frame's size, which are fitted already, as one batch.
using ScoreBatch = std::function<ScoredBatch(std::span<const PixelView>)>;

/// Scores an image tile by tile, `at_a_time` of them together, which bounds the memory that is needed besides
/// the image and its map. Tiles outside of the region of interest are left out. The statistics are the means
/// of the tiles'. Throws `Error(kInvalidImage)` if the image is smaller than a tile.
ScoredImage score_tiles(const PixelView& image, const Frame& frame, size_t at_a_time,
                        const ScoreBatch& score_batch);

}  // namespace reverse_distillation
