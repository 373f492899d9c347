#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <algorithm>

#include "core/dispatch_dtype.h"
#include "ops/checks.h"
#include "ops/cpu/cosine_kernels.h"

namespace reverse_distillation {

namespace {

using cpu::kPlaneBlock;

/// Elements per piece of work below which another thread does not pay.
constexpr int64_t kCosineGrain = 16384;

/// Splits the positions of channels-last features between threads: `work(first position, count)`.
template <typename Work>
void for_rows(const at::Tensor& features, const Work& work) {
  const int64_t channels = features.size(1);
  const int64_t grain = std::max<int64_t>(1, kCosineGrain / channels);
  at::parallel_for(0, features.numel() / channels, grain,
                   [&](int64_t begin, int64_t end) { work(begin, end - begin); });
}

/// Splits the positions of channels-first features between threads, in blocks: `work(first position in the
/// batch, offset of its first channel, count)`.
template <typename Work>
void for_planes(const at::Tensor& features, const Work& work) {
  const int64_t channels = features.size(1);
  const int64_t plane = features.size(2) * features.size(3);
  const int64_t blocks = (plane + kPlaneBlock - 1) / kPlaneBlock;
  const int64_t grain = std::max<int64_t>(1, kCosineGrain / (channels * std::min(plane, kPlaneBlock) + 1));
  at::parallel_for(0, features.size(0) * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / blocks;
      const int64_t first = i % blocks * kPlaneBlock;
      work(image * plane + first, image * channels * plane + first, std::min(kPlaneBlock, plane - first));
    }
  });
}

std::vector<at::Tensor> cosine_map_cpu(at::TensorList teacher, at::TensorList student) {
  check_feature_pairs(teacher, student);
  std::vector<at::Tensor> maps;
  maps.reserve(teacher.size());
  for (size_t k = 0; k < teacher.size(); ++k) {
    const at::MemoryFormat format = pair_format(teacher[k], student[k]);
    const at::Tensor t = teacher[k].contiguous(format);
    const at::Tensor s = student[k].contiguous(format);
    const int64_t channels = t.size(1);
    const int64_t plane = t.size(2) * t.size(3);
    maps.push_back(at::empty({t.size(0), t.size(2), t.size(3)}, t.options().dtype(at::kFloat)));
    if (t.numel() == 0) continue;
    float* map = maps.back().data_ptr<float>();
    cpu::dispatch_dtype(t.scalar_type(), [&](auto* element) {
      const auto* tp = static_cast<decltype(element)>(t.data_ptr());
      const auto* sp = static_cast<decltype(element)>(s.data_ptr());
      if (format == at::MemoryFormat::ChannelsLast) {
        for_rows(t, [&](int64_t first, int64_t count) {
          cpu::cosine_rows(tp + first * channels, sp + first * channels, count, channels, map + first);
        });
      } else {
        for_planes(t, [&](int64_t first, int64_t offset, int64_t count) {
          cpu::cosine_planes(tp + offset, sp + offset, count, channels, plane, map + first);
        });
      }
    });
  }
  return maps;
}

std::vector<at::Tensor> cosine_map_backward_cpu(at::TensorList grad, at::TensorList teacher,
                                                at::TensorList student) {
  check_feature_pairs(teacher, student);
  check_map_gradients(grad, student);
  std::vector<at::Tensor> gradients;
  gradients.reserve(student.size());
  for (size_t k = 0; k < student.size(); ++k) {
    const at::MemoryFormat format = pair_format(teacher[k], student[k]);
    const at::Tensor t = teacher[k].contiguous(format);
    const at::Tensor s = student[k].contiguous(format);
    const at::Tensor g = grad[k].contiguous();
    const int64_t channels = t.size(1);
    const int64_t plane = t.size(2) * t.size(3);
    gradients.push_back(at::empty_like(s, s.options(), format));
    if (t.numel() == 0) continue;
    const float* upstream = g.data_ptr<float>();
    cpu::dispatch_dtype(t.scalar_type(), [&](auto* element) {
      const auto* tp = static_cast<decltype(element)>(t.data_ptr());
      const auto* sp = static_cast<decltype(element)>(s.data_ptr());
      auto* gp = static_cast<decltype(element)>(gradients.back().data_ptr());
      if (format == at::MemoryFormat::ChannelsLast) {
        for_rows(t, [&](int64_t first, int64_t count) {
          const int64_t offset = first * channels;
          cpu::cosine_rows_backward(tp + offset, sp + offset, upstream + first, count, channels, gp + offset);
        });
      } else {
        for_planes(t, [&](int64_t first, int64_t offset, int64_t count) {
          cpu::cosine_planes_backward(tp + offset, sp + offset, upstream + first, count, channels, plane,
                                      gp + offset);
        });
      }
    });
  }
  return gradients;
}

}  // namespace

TORCH_LIBRARY_IMPL(reverse_distillation, CPU, library) {
  library.impl("cosine_map", cosine_map_cpu);
  library.impl("cosine_map_backward", cosine_map_backward_cpu);
}

}  // namespace reverse_distillation
