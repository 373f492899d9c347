#pragma once

#include <ATen/core/Tensor.h>

#include "core/config.h"

namespace reverse_distillation {

/// The columns of `image_statistics`.
enum ImageStatistic : int64_t { kBrightness, kContrast, kSharpness, kImageStatistics };

/// Statistics of the luma of images, which tell whether light or camera have changed. Luma (Rec. 601) is from
/// 0 to 1. Brightness is its mean, contrast its standard deviation, and sharpness the mean absolute
/// difference of neighbouring pixels as a share of the contrast; 0 without contrast. input: normalised, [N,
/// 3, H, W], float32 or bfloat16, channels-last. masks: uint8 [N, H, W] or [1, H, W] on the same device, 0
/// for pixels that do not count, or undefined. Returns float32 [N, 3].
at::Tensor image_statistics(const at::Tensor& input, Normalisation normalisation,
                            const at::Tensor& masks = {});

}  // namespace reverse_distillation
