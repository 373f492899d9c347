#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"

namespace reverse_distillation {

/// A batch's anomaly maps and image scores.
struct AnomalyMaps {
  at::Tensor maps;    ///< float32 [N, H, W]
  at::Tensor scores;  ///< float32 [N]: the maximum of each map, S_AD
};

/// Anomaly maps at image size (Deng & Li 2022, Eq. 3): the cosine distances of the configured scales, up-sampled
/// bilinearly with aligned corners, added (or multiplied: `combine`), smoothed by a Gaussian.
AnomalyMaps anomaly_maps(const FeaturePairs& features, const ModelConfig& config);

}  // namespace reverse_distillation
