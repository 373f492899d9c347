#include "core/memory_pool.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>

namespace reverse_distillation {

namespace {

/// From this size on, glibc takes memory from the system and returns it; smaller blocks it keeps itself.
constexpr size_t kLarge = size_t{128} << 10;

constexpr size_t kHugePage = size_t{2} << 20;

/// A tensor may leave up to a quarter of its own size unused at the end of a block.
size_t longest_for(size_t bytes) { return bytes + bytes / 4; }

thread_local MemoryPool* current = nullptr;

/// Bytes that large tensors hold now, and the most that they have held since a pool was last released.
std::atomic<size_t> live{0};
std::atomic<size_t> most_live{0};

void count_live(size_t bytes) {
  const size_t now = live.fetch_add(bytes) + bytes;
  size_t most = most_live.load();
  while (now > most && !most_live.compare_exchange_weak(most, now)) {
  }
}

/// Asks for pages of 2 MiB: one page fault instead of 512.
void ask_for_huge_pages(void* data, size_t bytes) {
  const auto begin = (reinterpret_cast<uintptr_t>(data) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = (reinterpret_cast<uintptr_t>(data) + bytes) / kHugePage * kHugePage;
  // A system without huge pages refuses, which does no harm.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

/// LibTorch's allocator for the CPU: like LibTorch's own, except for the blocks that a pool holds. Memory
/// always comes from malloc and goes to free, so a tensor may be freed anywhere and may outlive every pool.
class PoolingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes < kLarge ? c10::alloc_cpu(bytes) : allocate_large(bytes);
    return {data, data, &free, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free; }

  void copy_data(void* target, const void* source, size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

 private:
  static void* allocate_large(size_t bytes) {
    void* data = current ? current->take(bytes) : nullptr;
    if (data == nullptr) {
      data = c10::alloc_cpu(bytes);
      if (current) ask_for_huge_pages(data, bytes);
    }
    count_live(malloc_usable_size(data));
    return data;
  }

  static void free(void* data) {
    const size_t bytes = data ? malloc_usable_size(data) : 0;
    if (bytes < kLarge) return c10::free_cpu(data);
    live -= bytes;
    if (current) return current->keep(data, bytes);
    c10::free_cpu(data);
  }
};

namespace {

/// Installed before any tensor is made: LibTorch wants allocators to be set while it is loaded.
const bool installed = [] {
  c10::SetCPUAllocator(new PoolingAllocator, /*priority=*/1);
  return true;
}();

}  // namespace

MemoryPool::Scope::Scope(MemoryPool& pool) : former_(current) { current = &pool; }

MemoryPool::Scope::~Scope() { current = former_; }

std::shared_ptr<MemoryPool> MemoryPool::shared() {
  static std::mutex mutex;
  static std::weak_ptr<MemoryPool> pool;
  const std::lock_guard lock(mutex);
  std::shared_ptr<MemoryPool> held = pool.lock();
  if (!held) pool = held = std::make_shared<MemoryPool>();
  return held;
}

void* MemoryPool::take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.lower_bound(bytes);
  if (found == blocks_.end() || found->first > longest_for(bytes)) return nullptr;
  void* data = found->second.data;
  kept_ -= found->first;
  blocks_.erase(found);
  return data;
}

void MemoryPool::keep(void* data, size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    blocks_.emplace(bytes, Block{data, next_age_++});
  } catch (const std::bad_alloc&) {
    return c10::free_cpu(data);
  }
  kept_ += bytes;
  const size_t most = most_live.load();
  while (kept_ + live.load() > most + most / 2 && !blocks_.empty()) drop_oldest();
}

void MemoryPool::drop_oldest() {
  const auto oldest = std::min_element(blocks_.begin(), blocks_.end(), [](const auto& a, const auto& b) {
    return a.second.age < b.second.age;
  });
  kept_ -= oldest->first;
  c10::free_cpu(oldest->second.data);
  blocks_.erase(oldest);
}

void MemoryPool::release() {
  const std::lock_guard lock(mutex_);
  while (!blocks_.empty()) drop_oldest();
  most_live = live.load();
}

size_t MemoryPool::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace reverse_distillation
