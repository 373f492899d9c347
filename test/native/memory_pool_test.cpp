#include "core/memory_pool.h"

#include <ATen/ATen.h>

#include <thread>

#include "harness.h"

namespace reverse_distillation::test::memory_pool_test {

namespace {

constexpr int64_t kMiB = 1 << 20;

at::Tensor bytes(int64_t count) { return at::empty({count}, at::kByte); }

}  // namespace

TEST(
    "memory that a tensor leaves in a pool's scope is reused by the next of its size, and by a smaller one") {
  MemoryPool pool;
  const MemoryPool::Scope scope(pool);
  at::Tensor tensor = bytes(8 * kMiB);
  const void* const place = tensor.data_ptr();
  tensor.reset();
  EXPECT(pool.kept_bytes() >= 8 * kMiB);
  tensor = bytes(7 * kMiB);
  EXPECT(tensor.data_ptr() == place);
  EXPECT(pool.kept_bytes() == 0);
}

TEST("a tensor does not reuse memory that is more than a quarter longer than itself") {
  MemoryPool pool;
  const MemoryPool::Scope scope(pool);
  bytes(8 * kMiB);
  const at::Tensor tensor = bytes(6 * kMiB);
  EXPECT(pool.kept_bytes() >= 8 * kMiB);
}

TEST("small tensors, and tensors outside a scope, leave nothing in a pool") {
  MemoryPool pool;
  bytes(8 * kMiB);
  const MemoryPool::Scope scope(pool);
  bytes(1000);
  EXPECT(pool.kept_bytes() == 0);
}

TEST("memory that another thread frees goes back to the system") {
  MemoryPool pool;
  const MemoryPool::Scope scope(pool);
  at::Tensor tensor = bytes(8 * kMiB);
  std::thread([moved = std::move(tensor)]() mutable { moved.reset(); }).join();
  EXPECT(pool.kept_bytes() == 0);
}

TEST("a tensor outlives the pool that its memory came from") {
  at::Tensor tensor;
  {
    MemoryPool pool;
    const MemoryPool::Scope scope(pool);
    bytes(kMiB);
    tensor = bytes(kMiB);
    EXPECT(pool.kept_bytes() == 0);
  }
  tensor.fill_(7);
  EXPECT(tensor[kMiB - 1].item<int>() == 7);
}

TEST("a pool does not grow with the number of sizes that pass through it: the oldest memory goes first") {
  MemoryPool pool;
  pool.release();  // What other tests have held does not count.
  const MemoryPool::Scope scope(pool);
  // Alone it is the most that was in use at one time; half as much again is the most that is kept.
  constexpr int64_t kLargest = 512 * kMiB;
  for (int64_t size = 16 * kMiB; size <= kLargest; size += size / 2) bytes(size);
  bytes(kLargest);
  EXPECT(pool.kept_bytes() <= static_cast<size_t>(kLargest + kLargest / 2), pool.kept_bytes());
  const at::Tensor last = bytes(kLargest);
  EXPECT(pool.kept_bytes() < static_cast<size_t>(kLargest), "the last one was kept and is taken");
}

TEST("the shared pool lives while anyone holds it, and then returns its memory") {
  std::shared_ptr<MemoryPool> pool = MemoryPool::shared();
  EXPECT(MemoryPool::shared() == pool);
  {
    const MemoryPool::Scope scope(*pool);
    bytes(8 * kMiB);
  }
  EXPECT(pool->kept_bytes() > 0);
  pool.reset();
  EXPECT(MemoryPool::shared()->kept_bytes() == 0);
}

}  // namespace reverse_distillation::test::memory_pool_test
