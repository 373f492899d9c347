#pragma once

#include <string>

namespace reverse_distillation {

/// Whether LibTorch's `message` says that memory ran out, on the CPU or on a GPU.
bool tells_of_exhausted_memory(const std::string& message);

/// LibTorch's out-of-memory message in this package's words: how much was requested, how much was free, what
/// to do. A message that gives no amounts is passed on, followed by what to do.
std::string describe_exhausted_memory(const std::string& message);

/// Returns the GPU memory that LibTorch keeps for later to the driver, so that it is available to the work
/// after a failure. Does nothing on the CPU. Never throws.
void release_kept_memory() noexcept;

}  // namespace reverse_distillation
