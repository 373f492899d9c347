#include "pipeline/interest.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/from_blob.h>

#include "core/error.h"

namespace reverse_distillation {

at::Tensor mask_of(const PixelView& image, int64_t height, int64_t width) {
  if (image.mask.empty()) return {};
  if (static_cast<int64_t>(image.mask.size()) != height * width) {
    throw Error(ErrorCode::kInvalidArgument, "A region of interest must have " + std::to_string(height) +
                                                 " x " + std::to_string(width) + " values; got " +
                                                 std::to_string(image.mask.size()) + ".");
  }
  // LibTorch wants mutable values; nothing here writes to them.
  auto* const values = const_cast<uint8_t*>(image.mask.data());
  return at::from_blob(values, {height, width}, at::kByte).ne(0).to(at::kByte);
}

at::Tensor pad_with_zeros(const at::Tensor& mask, int64_t height, int64_t width) {
  const int64_t below = height - mask.size(0), right = width - mask.size(1);
  return at::constant_pad_nd(mask, {right / 2, right - right / 2, below / 2, below - below / 2});
}

at::Tensor interest_shares(const at::Tensor& masks, int64_t height, int64_t width) {
  return at::adaptive_avg_pool2d(masks.to(at::kFloat), {height, width});
}

}  // namespace reverse_distillation
