#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"

namespace reverse_distillation {

/// The anomaly maps and image scores of a batch.
struct AnomalyMaps {
  at::Tensor maps;    ///< float32 [N, H, W]
  at::Tensor scores;  ///< float32 [N]: the maximum of each map, S_AD
};

/// What scoring a batch results in.
struct ScoredBatch : AnomalyMaps {
  at::Tensor statistics;  ///< float32 [N, 3]: of the images; see `image_statistics`
};

/// What scoring an image results in.
struct ScoredImage {
  at::Tensor map;         ///< float32 [height, width], contiguous: of the image, without padding
  at::Tensor score;       ///< float32: the maximum of the map
  at::Tensor statistics;  ///< float32 [3]
};

/// The cosine distances of the configured scales as one map at image size, before smoothing (Deng & Li 2022,
/// Eq. 3): up-sampled bilinearly with aligned corners, then added or multiplied (`combine`). Returns float32
/// [N, H, W].
at::Tensor combined_map(const FeaturePairs& features, const ModelConfig& config);

/// Anomaly maps at image size (`combined_map`, smoothed by a Gaussian), and their maxima.
///
/// masks: the regions of interest, uint8 [N, height, width] or [1, height, width] on the features' device;
/// undefined for whole images. What is outside has not been trained, so it must not reach the map inside:
/// up-sampling and smoothing then take the mean of what is inside alone, and the map is 0 outside.
AnomalyMaps anomaly_maps(const FeaturePairs& features, const ModelConfig& config,
                         const at::Tensor& masks = {});

}  // namespace reverse_distillation
