#include "ops/checks.h"

#include <c10/util/Exception.h>

#include "ops/gaussian_weights.h"
#include "ops/kernel_math.h"

namespace reverse_distillation {

void check_feature_pairs(at::TensorList teacher, at::TensorList student) {
  TORCH_CHECK(!teacher.empty() && teacher.size() == student.size(),
              "cosine_map: expected as many student as teacher features, and at least one pair; got ",
              teacher.size(), " and ", student.size());
  for (size_t k = 0; k < teacher.size(); ++k) {
    const at::Tensor& t = teacher[k];
    const at::Tensor& s = student[k];
    TORCH_CHECK(t.dim() == 4 && t.sizes() == s.sizes(), "cosine_map: features of pair ", k,
                " must have one shape [N, C, H, W]; got ", t.sizes(), " and ", s.sizes());
    TORCH_CHECK(t.size(1) > 0, "cosine_map: features of pair ", k, " have no channels: ", t.sizes());
    TORCH_CHECK(t.size(0) == teacher[0].size(0), "cosine_map: pair ", k, " has a batch of ", t.size(0),
                ", but the first pair a batch of ", teacher[0].size(0));
    TORCH_CHECK(t.device() == s.device(), "cosine_map: features of pair ", k, " are on ", t.device(), " and ",
                s.device());
    const bool fits = t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16 ||
                      (t.scalar_type() == at::kHalf && !t.is_cpu());
    TORCH_CHECK(t.scalar_type() == s.scalar_type() && fits, "cosine_map: features of pair ", k,
                " must both be float32 or both bfloat16 (or, on a GPU, both float16); got ", t.scalar_type(),
                " and ", s.scalar_type(), " on ", t.device());
  }
}

void check_loss_pairs(at::TensorList teacher, at::TensorList student) {
  check_feature_pairs(teacher, student);
  for (const at::Tensor& t : teacher) {
    TORCH_CHECK(t.numel() > 0, "a loss needs at least one position; got features of shape ", t.sizes());
  }
}

void check_map_gradients(at::TensorList grad, at::TensorList student) {
  TORCH_CHECK(grad.size() == student.size(), "cosine_map_backward: expected ", student.size(),
              " gradients; got ", grad.size());
  for (size_t k = 0; k < grad.size(); ++k) {
    const at::Tensor& s = student[k];
    const bool fits = grad[k].dim() == 3 && grad[k].size(0) == s.size(0) && grad[k].size(1) == s.size(2) &&
                      grad[k].size(2) == s.size(3);
    TORCH_CHECK(fits && grad[k].scalar_type() == at::kFloat, "cosine_map_backward: gradient ", k,
                " must be float32 [N, H, W] matching features of shape ", s.sizes(), "; got ",
                grad[k].scalar_type(), " ", grad[k].sizes());
  }
}

void check_upsample_sum(at::TensorList maps, int64_t height, int64_t width) {
  TORCH_CHECK(!maps.empty() && maps.size() <= kMaxMaps, "upsample_sum: expected 1 to ", kMaxMaps,
              " maps; got ", maps.size());
  TORCH_CHECK(height > 0 && width > 0, "upsample_sum: the size must be positive; got ", height, " x ", width);
  for (const at::Tensor& map : maps) {
    TORCH_CHECK(map.dim() == 3 && map.size(1) > 0 && map.size(2) > 0 && map.scalar_type() == at::kFloat,
                "upsample_sum: maps must be float32 [N, H, W]; got ", map.scalar_type(), " ", map.sizes());
    TORCH_CHECK(map.size(0) == maps[0].size(0) && map.device() == maps[0].device(),
                "upsample_sum: maps must agree in batch and device; got ", map.sizes(), " on ", map.device(),
                " and ", maps[0].sizes(), " on ", maps[0].device());
  }
}

void check_gaussian_blur(const at::Tensor& maps, double sigma) {
  TORCH_CHECK(maps.dim() == 3 && maps.scalar_type() == at::kFloat,
              "gaussian_blur: maps must be float32 [N, H, W]; got ", maps.scalar_type(), " ", maps.sizes());
  TORCH_CHECK(sigma > 0.0 && sigma <= kLargestSigma,
              "gaussian_blur: sigma must be a number above 0 and at most ", kLargestSigma, "; got ", sigma);
}

at::MemoryFormat pair_format(const at::Tensor& teacher, const at::Tensor& student) {
  const bool channels_last = teacher.is_contiguous(at::MemoryFormat::ChannelsLast) &&
                             student.is_contiguous(at::MemoryFormat::ChannelsLast);
  return channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

}  // namespace reverse_distillation
