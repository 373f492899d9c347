#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

#include "binding/job.h"
#include "core/memory_pool.h"
#include "pipeline/preprocess.h"

namespace reverse_distillation::binding {

/// Memory for pixels that JavaScript fills in, and that jobs read where it lies: an ArrayBuffer over the
/// tensor, which must be contiguous. A copy if the runtime forbids external buffers.
Napi::ArrayBuffer share_pixels(Napi::Env env, const at::Tensor& pixels);

/// Pixels that a job can read on another thread, whatever their owner does with the buffer meanwhile: N-API
/// cannot keep a buffer's memory from being transferred, detached and freed.
///
/// The memory of `share_pixels` is read in place, since it is this package's; so are pixels that the facade
/// marks with `own: true`, which no caller has seen. All others are copied now.
///
/// image: `RawImage` of lib/native/addon.ts. Throws `Error(kInvalidImage)` if its memory is gone already.
class LentPixels {
 public:
  /// pinned: whether a copy goes to pinned memory, from which a GPU reads directly.
  LentPixels(Job& job, const Napi::Object& image, bool pinned = false);
  ~LentPixels();
  LentPixels(LentPixels&&) = default;
  LentPixels& operator=(LentPixels&&) = delete;

  const PixelView& view() const { return view_; }

 private:
  PixelView view_;
  /// Copies take their memory from it and leave it there: fresh memory costs six times the copy itself.
  std::shared_ptr<MemoryPool> pool_;
  at::Tensor memory_;  ///< Defined unless the job keeps the buffer.
};

}  // namespace reverse_distillation::binding
