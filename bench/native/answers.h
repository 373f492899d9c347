#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace reverse_distillation::bench {

/// Compares the operators with ATen's own at one size; Gaussian smoothing, which ATen lacks, must keep a
/// constant. Throws c10::Error where one is wrong: what is to be timed must be right.
///
/// teacher, student: float32, one pair a scale. size: of the square map.
void require_right_answers(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student,
                           int64_t size);

}  // namespace reverse_distillation::bench
