#include "core/thread_team.h"

#include <ATen/Parallel.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"

namespace reverse_distillation {

namespace {

/// Threads beyond those needed that must be possible, for other processes may make some before OpenMP does.
constexpr int kSpare = 2;

/// Whether the system still knows the thread; for a moment after it was joined, it counts towards the limits.
bool is_known(pid_t thread) { return syscall(SYS_tgkill, getpid(), thread, 0) == 0; }

/// How many of `count` threads can be made at the same time. All have ended when it returns.
int possible_threads(int count) {
  std::vector<pid_t> ids(static_cast<size_t>(count), 0);
  std::vector<std::thread> threads;
  threads.reserve(ids.size());
  std::mutex all_made;
  {
    const std::lock_guard lock(all_made);
    try {
      for (pid_t& id : ids) {
        threads.emplace_back([&id, &all_made] {
          id = static_cast<pid_t>(syscall(SYS_gettid));
          const std::lock_guard wait(all_made);
        });
      }
    } catch (const std::exception&) {
      // `threads` holds those that were made.
    }
  }
  for (std::thread& thread : threads) thread.join();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (size_t i = 0; i < threads.size(); ++i) {
    while (is_known(ids[i]) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  return static_cast<int>(threads.size());
}

}  // namespace

void throw_thread_refused(const char* wanted) {
  throw Error(ErrorCode::kOutOfMemory,
              std::string("The system refused to make ") + wanted +
                  ": a limit on threads (ulimit -u, the pids limit of a container) or on memory (ulimit -v) "
                  "is reached. Raise the limit, or use fewer threads (option threads) or fewer detectors.");
}

void make_thread_team(int threads) {
  thread_local int made = 1;
  if (threads > made) {
    // One at a time, so that jobs of this process do not take each other's threads in between.
    static std::mutex making;
    const std::lock_guard lock(making);
    const int needed = threads - 1;
    if (possible_threads(needed + kSpare) < needed + kSpare) {
      throw_thread_refused((std::to_string(needed) + " thread(s) to compute on").c_str());
    }
    at::parallel_for(0, threads, 1, [](int64_t, int64_t) {});
  }
  // OpenMP lets threads end that the next work does not use.
  made = threads;
}

}  // namespace reverse_distillation
