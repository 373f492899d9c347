#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation::bench {

/// Compares the operators with ATen's own at one size; Gaussian smoothing, which ATen lacks, must preserve a
/// constant. Throws c10::Error if one is wrong: the time of a wrong operator means nothing.
///
/// teacher, student: float32, one pair per scale. size: height and width of the map.
void require_right_answers(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student,
                           int64_t size);

}  // namespace reverse_distillation::bench
