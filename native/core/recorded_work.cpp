#include "core/recorded_work.h"

#include "core/gpu_backend.h"

namespace reverse_distillation {

namespace {

/// What the recording in progress on this thread uses; null if there is none.
thread_local std::vector<std::shared_ptr<const void>>* used_here = nullptr;

class Collecting {
 public:
  explicit Collecting(std::vector<std::shared_ptr<const void>>& used) { used_here = &used; }
  ~Collecting() { used_here = nullptr; }
  Collecting(const Collecting&) = delete;
  Collecting& operator=(const Collecting&) = delete;
};

}  // namespace

std::unique_ptr<RecordedWork> record_work(const std::function<void()>& work, RecordedWork* beside,
                                          int warm_ups) {
  if (gpu_backend() == nullptr) return nullptr;
  std::vector<std::shared_ptr<const void>> used;
  // Also in the runs before the recording, so that what they set up is still there when it begins.
  const Collecting collecting(used);
  std::unique_ptr<RecordedWork> recorded = gpu_backend()->record(work, beside, warm_ups);
  recorded->used_ = std::move(used);
  return recorded;
}

void keep_while_recorded(const std::shared_ptr<const void>& used) {
  if (used_here != nullptr) used_here->push_back(used);
}

}  // namespace reverse_distillation
