#pragma once

#include <functional>
#include <memory>

namespace reverse_distillation {

/// Work on a device that was recorded once and is started again as one piece (a CUDA graph): on tensors of
/// the same addresses each time, those that were current when it was recorded.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;

  /// Starts the work on the current stream. Does not wait for it.
  virtual void replay() = 0;
};

/// Records what `work` starts on the current stream of the current device, without running it. `work` must
/// have run there before, so that nothing is set up while it is recorded, must not wait for the device, and
/// must use tensors that outlive the recording; those that it makes belong to the recording.
///
/// Returns null where this build of the addon cannot record; the caller runs `work` then. Throws what `work`
/// throws.
std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work);

/// How a device's part of the library, where it is built in, makes itself known.
using Recorder = std::unique_ptr<RecordedWork> (*)(const std::function<void()>& work);
struct RecorderRegistration {
  explicit RecorderRegistration(Recorder recorder);
};

}  // namespace reverse_distillation
