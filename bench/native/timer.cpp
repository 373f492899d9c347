#include "timer.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/recorded_work.h"

namespace reverse_distillation::bench {

Timer::Timer(c10::Device device, int repetitions, int measurements)
    : streams_(device), repetitions_(repetitions), measurements_(measurements) {}

double Timer::measure(const std::function<void()>& work) const {
  // This stream may not see what the default stream prepared until that has finished.
  streams_.compute_waits_for_current();
  const auto scope = streams_.compute();
  const auto repeat = [&] {
    for (int i = 0; i < repetitions_; ++i) work();
  };
  const std::unique_ptr<RecordedWork> recorded = streams_.has_streams() ? record_work(repeat) : nullptr;

  std::vector<double> seconds;
  for (int i = 0; i <= measurements_; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (recorded) {
      recorded->replay();
    } else {
      repeat();
    }
    streams_.wait();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (i > 0) seconds.push_back(taken.count() / repetitions_);  // The first replay sets up the graph.
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  return seconds[seconds.size() / 2];
}

}  // namespace reverse_distillation::bench
