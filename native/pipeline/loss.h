#pragma once

#include "core/config.h"
#include "model/reverse_distillation.h"
#include "ops/ops.h"

namespace reverse_distillation {

/// The knowledge-distillation loss over the scales `layers` (some of 1, 2, 3), averaged over the batch, and
/// its gradient with respect to the student's features of these scales, in the order of `layers`.
///
/// `location`: sum over scales of the mean over positions of the cosine distance (Deng & Li 2022, Eq. 2).
/// `global`: sum over scales of the cosine distance between whole feature maps, each sample flattened, as in
/// the authors' published code.
///
/// masks: the regions of interest at the size of the networks' input, uint8 [N, H, W] or [1, H, W] for all;
/// undefined for whole images. A position counts by the share w of its cell that lies inside: the mean of
/// `location` is sum(w distance) / sum(w) of each image, and all three inner products of `global` are
/// weighted by w. Each mask must have a pixel inside.
LossAndGradients distillation_loss(const FeaturePairs& features, const std::vector<int64_t>& layers,
                                   Loss loss, const at::Tensor& masks = {});

/// The pairs of the scales `layers`, in that order.
FeaturePairs select_layers(const FeaturePairs& features, const std::vector<int64_t>& layers);

}  // namespace reverse_distillation
