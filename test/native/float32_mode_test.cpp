// The switch belongs to LibTorch and can be set without a GPU.

#include "core/float32_mode.h"

#include <ATen/Context.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "harness.h"

namespace reverse_distillation::test::float32_mode_test {

namespace {

const c10::Device kGpu(c10::kCUDA, 0);

bool rounds_to_tf32() { return at::globalContext().allowTF32CuDNN(at::Float32Op::CONV); }

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }

}  // namespace

TEST("float32 on a GPU rounds to TF32 only on request") {
  {
    const Float32Mode mode(kGpu, Precision::kTf32);
    EXPECT(rounds_to_tf32());
  }
  const Float32Mode mode(kGpu, Precision::kFloat32);
  EXPECT(!rounds_to_tf32());
  const Float32Mode on_cpu(c10::Device(c10::kCPU), Precision::kTf32);
  EXPECT(!rounds_to_tf32());
  // Neither waits for the other.
  const Float32Mode bfloat16(kGpu, Precision::kBFloat16);
  EXPECT(!rounds_to_tf32());
}

TEST("work that rounds to TF32 waits for work that must not, and work of one mode runs side by side") {
  std::optional<Float32Mode> first(std::in_place, kGpu, Precision::kFloat32);
  std::thread beside([] { const Float32Mode same(kGpu, Precision::kFloat32); });
  beside.join();
  std::atomic<bool> begun = false;
  std::thread waiting([&] {
    const Float32Mode other(kGpu, Precision::kTf32);
    begun = rounds_to_tf32();
  });
  pause();
  EXPECT(!begun && !rounds_to_tf32());
  first.reset();
  waiting.join();
  EXPECT(begun);
}

TEST("endlessly overlapping work of one mode does not keep out work of the other") {
  std::atomic<bool> begun = false;
  std::optional<Float32Mode> first(std::in_place, kGpu, Precision::kFloat32);
  std::thread waiting([&] {
    const Float32Mode other(kGpu, Precision::kTf32);
    begun = true;
  });
  pause();
  std::atomic<bool> came_after = false;
  std::thread later([&] {
    const Float32Mode same(kGpu, Precision::kFloat32);
    came_after = begun.load();
  });
  pause();
  first.reset();
  waiting.join();
  later.join();
  EXPECT(came_after);
}

}  // namespace reverse_distillation::test::float32_mode_test
