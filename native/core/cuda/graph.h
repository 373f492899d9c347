#pragma once

#include "core/recorded_work.h"

namespace reverse_distillation::cuda {

/// `record_work` by a CUDA graph. First gives back the memory that LibTorch keeps for later: a recording has
/// its own memory, so the memory of the work's earlier runs would be taken twice. Any thread; one records at
/// a time in the whole process, and the others wait. A recording that fails leaves nothing behind.
std::unique_ptr<RecordedWork> record_graph(const std::function<void()>& work, RecordedWork* beside,
                                           int warm_ups);

}  // namespace reverse_distillation::cuda
