#pragma once

// The loops of `cosine_map` and its backward over plain pointers; cosine_map.cpp splits tensors into these.

#include <cstdint>

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

/// Most positions per call over channels-first features: their sums are on the stack.
constexpr int64_t kPlaneBlock = 256;

/// Channels-last: `positions` consecutive vectors of `channels` elements. distance: [positions].
void cosine_rows(const float* teacher, const float* student, int64_t positions, int64_t channels,
                 float* distance);
void cosine_rows(const BFloat16* teacher, const BFloat16* student, int64_t positions, int64_t channels,
                 float* distance);

/// gradient: [positions, channels], the derivative of the distance with respect to the student, times grad
/// [positions].
void cosine_rows_backward(const float* teacher, const float* student, const float* grad, int64_t positions,
                          int64_t channels, float* gradient);
void cosine_rows_backward(const BFloat16* teacher, const BFloat16* student, const float* grad,
                          int64_t positions, int64_t channels, BFloat16* gradient);

/// Channels-first: up to kPlaneBlock consecutive positions; their channels are `stride` elements apart.
void cosine_planes(const float* teacher, const float* student, int64_t positions, int64_t channels,
                   int64_t stride, float* distance);
void cosine_planes(const BFloat16* teacher, const BFloat16* student, int64_t positions, int64_t channels,
                   int64_t stride, float* distance);

void cosine_planes_backward(const float* teacher, const float* student, const float* grad, int64_t positions,
                            int64_t channels, int64_t stride, float* gradient);
void cosine_planes_backward(const BFloat16* teacher, const BFloat16* student, const float* grad,
                            int64_t positions, int64_t channels, int64_t stride, BFloat16* gradient);

}  // namespace reverse_distillation::cpu
