#include "pipeline/interest.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include <algorithm>

#include "core/error.h"

namespace reverse_distillation {

namespace {

/// The mask of an image, centred in the frame.
at::Tensor mask_in_frame(const Interest& image, const Frame& frame) {
  const auto [height, width] = image.size;
  const at::Tensor mask = image.mask.defined() ? image.mask : at::ones({height, width}, at::kByte);
  const int64_t below = frame.height - height, right = frame.width - width;
  return at::constant_pad_nd(mask, {right / 2, right - right / 2, below / 2, below - below / 2});
}

}  // namespace

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

at::Tensor masks_in_frame(const std::vector<Interest>& images, const Frame& frame) {
  const auto is_whole = [&](const Interest& image) {
    return !image.mask.defined() && image.size == PixelSize{frame.height, frame.width};
  };
  if (std::all_of(images.begin(), images.end(), is_whole)) return {};
  const auto is_first = [&](const Interest& image) {
    return image.size == images.front().size && image.mask.is_same(images.front().mask);
  };
  std::vector<at::Tensor> masks = {mask_in_frame(images.front(), frame)};
  if (!std::all_of(images.begin(), images.end(), is_first)) {
    for (size_t i = 1; i < images.size(); ++i) masks.push_back(mask_in_frame(images[i], frame));
  }
  return at::stack(masks);
}

at::Tensor interest_shares(const at::Tensor& masks, int64_t height, int64_t width) {
  return at::adaptive_avg_pool2d(masks.to(at::kFloat), {height, width});
}

}  // namespace reverse_distillation
