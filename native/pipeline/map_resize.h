#pragma once

#include <ATen/core/Tensor.h>

#include "pipeline/map_view.h"

namespace reverse_distillation {

/// Brings a map to another size, as `resize_pixels` brings images to the map's, without rounding: it
/// interpolates linearly between the centres of pixels where the map grows, and averages where it shrinks.
///
/// Returns float32 [height, width].
at::Tensor resize_map(const MapView& map, int64_t height, int64_t width);

}  // namespace reverse_distillation
