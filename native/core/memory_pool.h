#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace reverse_distillation {

/// Memory that CPU tensors leave to later ones. The activations of one batch are as large as those of the
/// next; if they were returned to the system in between, every batch would map, clear and fault them in
/// again, page by page.
///
/// Only large blocks are kept. Kept blocks and live tensors together never exceed one and a half times the
/// most that tensors have held at one time; the block that has been unused for longest goes first.
/// Thread-safe.
class MemoryPool {
 public:
  /// The pool shared by everything that computes in this process. It lives as long as anyone holds it, and
  /// then returns its memory.
  static std::shared_ptr<MemoryPool> shared();

  MemoryPool() = default;
  ~MemoryPool() { release(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// During its lifetime, tensors that the calling thread makes on the CPU take their memory from the pool,
  /// and tensors that it frees leave their memory there. Memory freed by another thread goes back to the
  /// system.
  class Scope {
   public:
    explicit Scope(MemoryPool& pool);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    MemoryPool* former_;
  };

  /// Returns the kept memory to the system and resets the record of how much tensors have held.
  void release();

  size_t kept_bytes() const;

 private:
  friend class PoolingAllocator;

  struct Block {
    void* data;
    size_t age;  ///< Lower for blocks that were left earlier.
  };

  /// Memory of `bytes` or a little more, or null if the pool has no such block.
  void* take(size_t bytes);
  /// Keeps a block of `bytes`, or frees it if there is no memory to remember it.
  void keep(void* data, size_t bytes) noexcept;
  void drop_oldest();

  mutable std::mutex mutex_;
  std::multimap<size_t, Block> blocks_;  ///< By size.
  size_t kept_ = 0;
  size_t next_age_ = 0;
};

}  // namespace reverse_distillation
