// How CUDA graphs are recorded, against a stand-in for LibTorch's (cuda_emulation/ATen/cuda/CUDAGraph.h).

#include "core/cuda/graph.h"

#include <ATen/cuda/CUDAGraph.h>

#include <thread>
#include <vector>

#include "core/error.h"
#include "core/gpu_backend.h"
#include "core/out_of_memory.h"
#include "harness.h"
#include "ops/cuda/dispatch/smoothing_tables.h"

namespace reverse_distillation {

/// In place of the one that asks LibTorch's allocator, which cannot release anything during a capture.
void release_kept_memory() noexcept {
  if (cuda_emulation::captures > 0) ++cuda_emulation::collisions;
}

namespace test {

namespace {

/// The CUDA backend as far as recording goes.
constexpr GpuBackend kBackend = {cuda::record_graph, nullptr, nullptr, nullptr};
const GpuBackendRegistration registration(kBackend);

/// Fails if a capture or its memory is left over, or the stream still captures.
void expect_nothing_left() {
  EXPECT(cuda_emulation::captures == 0, cuda_emulation::captures);
  EXPECT(cuda_emulation::pools == 0, cuda_emulation::pools);
  EXPECT(cuda_emulation::capture_status == cudaStreamCaptureStatusNone, "");
}

bool is_capturing() { return cuda_emulation::capture_status != cudaStreamCaptureStatusNone; }

TEST("work runs twice before it is recorded, and its memory is released with the recording") {
  std::vector<bool> captured;
  auto recorded = record_work([&] { captured.push_back(is_capturing()); });
  EXPECT((captured == std::vector<bool>{false, false, true}), captured.size());
  EXPECT(recorded->nodes() == 2, recorded->nodes());
  auto beside = record_work([&] { captured.push_back(is_capturing()); }, recorded.get(), /*warm_ups=*/0);
  EXPECT((captured == std::vector<bool>{false, false, true, true}), captured.size());
  recorded->replay();
  beside->replay();
  recorded.reset();
  beside.reset();
  expect_nothing_left();
}

TEST("a capture that an operation invalidates, or whose work throws, leaves nothing behind") {
  const auto waits = [] { cuda_emulation::wait_for_device(); };
  const auto throws = [] {
    if (is_capturing()) throw Error(ErrorCode::kAborted, "planted");
  };
  const auto waits_and_throws = [&] {
    waits();
    throws();
  };
  const std::vector<std::pair<std::function<void()>, ErrorCode>> cases = {
      {waits, ErrorCode::kInternal}, {throws, ErrorCode::kAborted}, {waits_and_throws, ErrorCode::kAborted}};
  for (const auto& [work, code] : cases) {
    bool failed = false;
    try {
      record_work(work);
    } catch (const Error& error) {
      failed = error.code() == code;
    }
    EXPECT(failed, error_code_name(code));
    expect_nothing_left();
  }
  record_work([] {})->replay();
}

TEST("detectors that record and destroy graphs at once do so one at a time") {
  std::vector<std::thread> detectors;
  for (int i = 0; i < 4; ++i) {
    detectors.emplace_back([] {
      for (int k = 0; k < 10; ++k) record_work([] {})->replay();
    });
  }
  for (std::thread& detector : detectors) detector.join();
  EXPECT(cuda_emulation::collisions == 0, cuda_emulation::collisions);
  expect_nothing_left();
}

TEST("tables of the smoothing that others push out before a capture are still found in it") {
  const auto plan_for = [](double sigma) {
    const std::vector<cuda::MapSize> sizes = {{8, 8}};
    return cuda::device_plan(sizes, 32, 32, sigma, at::kCPU).get();
  };
  std::vector<const cuda::DevicePlan*> seen;
  const auto recorded = record_work([&] {
    seen.push_back(plan_for(4));
    for (int other = 0; other < 16; ++other) plan_for(5 + other);
  });
  EXPECT(seen.size() == 3 && seen[0] == seen[1] && seen[1] == seen[2], seen.size());
}

}  // namespace

}  // namespace test

}  // namespace reverse_distillation
