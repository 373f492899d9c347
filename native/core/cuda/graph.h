#pragma once

#include "core/recorded_work.h"

namespace reverse_distillation::cuda {

/// `record_work` by a CUDA graph. Gives what LibTorch keeps for later back first, since the recording's
/// memory is apart from it: what the work took while it ran before would be taken twice.
std::unique_ptr<RecordedWork> record_graph(const std::function<void()>& work, RecordedWork* beside);

}  // namespace reverse_distillation::cuda
