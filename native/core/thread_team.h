#pragma once

namespace reverse_distillation {

/// Makes the OpenMP threads that computations of the calling thread use, `threads` with itself, unless it has
/// them from before. OpenMP ends the process if it cannot make one, so this first finds out whether the
/// system allows that many.
///
/// Throws `Error(kOutOfMemory)` if it does not.
void make_thread_team(int threads);

/// The error for a thread that the system refused: what was wanted, and what to do.
[[noreturn]] void throw_thread_refused(const char* wanted);

}  // namespace reverse_distillation
