#pragma once

#include <string>

namespace reverse_distillation {

/// Whether LibTorch's `message` tells of memory that ran out, on the CPU or on a GPU.
bool tells_of_exhausted_memory(const std::string& message);

/// LibTorch's message of exhausted memory as this package says it: what was asked for, what was free, what to
/// do. A message that does not tell how much is passed on, with what to do.
std::string describe_exhausted_memory(const std::string& message);

/// Gives memory of a GPU that LibTorch keeps for later back to the driver, so that the work after one that
/// ran out of memory finds what there is. Does nothing on the CPU. Never throws.
void release_kept_memory() noexcept;

}  // namespace reverse_distillation
