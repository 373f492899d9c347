#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace reverse_distillation {

/// Memory that tensors of the CPU leave to those that come after them. The activations of one batch are as
/// large as those of the next; given back to the system in between, they would be mapped, cleared and
/// faulted in anew, a page at a time, at every batch.
///
/// Only large blocks are kept, and never so many that they and what tensors hold are more than half as much
/// again as tensors once held together: what has lain unused the longest goes first. Safe to use from several
/// threads.
class MemoryPool {
 public:
  /// The pool of everything that computes in this process. It lives as long as somebody holds it, and gives
  /// its memory back with its end.
  static std::shared_ptr<MemoryPool> shared();

  MemoryPool() = default;
  ~MemoryPool() { release(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// While it lives, tensors that the calling thread makes on the CPU take their memory from the pool, and
  /// those that it frees leave theirs there. Memory that another thread frees goes back to the system.
  class Scope {
   public:
    explicit Scope(MemoryPool& pool);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    MemoryPool* former_;
  };

  /// Gives what is kept back to the system, and forgets how much tensors once held.
  void release();

  size_t kept_bytes() const;

 private:
  friend class PoolingAllocator;

  struct Block {
    void* data;
    size_t age;  ///< Lower for what was left earlier.
  };

  /// Memory of `bytes` or a little more, or null where none of that size is kept.
  void* take(size_t bytes);
  /// Keeps memory of `bytes`.
  void keep(void* data, size_t bytes);
  void drop_oldest();

  mutable std::mutex mutex_;
  std::multimap<size_t, Block> blocks_;  ///< By size.
  size_t kept_ = 0;
  size_t next_age_ = 0;
};

}  // namespace reverse_distillation
