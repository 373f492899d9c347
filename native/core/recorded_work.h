#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace reverse_distillation {

/// Work on a device that was recorded once and is started again as one piece (a CUDA graph): on tensors of
/// the same addresses each time, those that were current when it was recorded.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;

  /// Starts the work on the current stream. Does not wait for it.
  virtual void replay() = 0;

 private:
  friend std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work, RecordedWork* beside);

  std::vector<std::shared_ptr<const void>> used_;  ///< See `keep_while_recorded`.
};

/// Records what `work` starts on the current stream of the current device, without running it. `work` must
/// have run there before, so that nothing is set up while it is recorded, and must not wait for the device.
/// Tensors that it makes belong to the recording; those that it uses must outlive it.
///
/// beside: null, or a recording whose memory is shared: neither may run while the other does. Its tensors
///   that are still held keep their memory.
/// Returns null where this build of the addon cannot record; the caller runs `work` then. Throws what `work`
/// throws.
std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work, RecordedWork* beside = nullptr);

/// For work that uses what it does not hold on to itself, such as a cache's entry: where the calling thread
/// is recording, the recording holds on to it. Does nothing elsewhere.
void keep_while_recorded(const std::shared_ptr<const void>& used);

}  // namespace reverse_distillation
