#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace reverse_distillation {

/// Work on a device that was recorded once and can be started again as one piece (a CUDA graph). It always
/// uses the tensor addresses that were current when it was recorded.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;

  /// Starts the work on the current stream. Does not wait for it.
  virtual void replay() = 0;

  /// Number of kernels and copies that it consists of.
  virtual size_t nodes() const = 0;

 private:
  friend std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work, RecordedWork* beside,
                                                   int warm_ups);

  std::vector<std::shared_ptr<const void>> used_;  ///< See `keep_while_recorded`.
};

/// Runs before a recording, in which libraries choose their algorithms and set themselves up.
constexpr int kWarmUps = 2;

/// Records the work that `work` starts on the current stream of the current device. Runs it `warm_ups` times
/// first and waits for that; with 0, the caller has run it. `work` itself must not wait for the device.
/// Tensors that its last run makes belong to the recording; tensors that it uses must outlive it.
///
/// beside: null, or a recording whose memory is shared. The two must not run at the same time. Tensors of
///   `beside` that are still held keep their memory.
/// Returns null if this build of the addon cannot record; the caller then runs `work` itself. Throws what
/// `work` throws.
std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work, RecordedWork* beside = nullptr,
                                          int warm_ups = kWarmUps);

/// For work that uses something that it does not own, such as a cache entry: if the calling thread is
/// recording, or runs work before it is recorded, the recording keeps it alive. Otherwise does nothing.
void keep_while_recorded(const std::shared_ptr<const void>& used);

}  // namespace reverse_distillation
