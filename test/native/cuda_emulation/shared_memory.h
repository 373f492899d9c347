#pragma once

// A block's shared memory. Each access is checked for bounds, first use and order.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

namespace cuda_emulation {

/// A thread at a moment in time; it decides whether two threads' accesses are ordered.
struct Moment {
  int thread;
  int warp;
  uint64_t block_epoch;  ///< Number of block barriers that the thread has passed.
  uint64_t warp_epoch;   ///< Number of warp barriers that the thread has passed.
};

class SharedMemory {
 public:
  /// The place of an array.
  struct Array {
    std::byte* data;
    size_t bytes;
  };

  /// Forgets everything, and poisons arrays with NaNs from now on.
  void reset(size_t dynamic_bytes);

  /// The array of one declaration, the same for all threads of the block.
  Array declared(const void* declaration, size_t bytes);

  /// The dynamic shared memory of the launch.
  Array dynamic();

  /// Total bytes of all arrays.
  size_t bytes() const { return used_; }

  // Record an access to `bytes` at `at`, which are inside an array. Throw a Fault if no barrier orders it
  // after another thread's conflicting access, or if the bytes were never written.
  void read(const std::byte* at, size_t bytes, const Moment& now);
  void write(const std::byte* at, size_t bytes, const Moment& now);

 private:
  /// The last threads that accessed 4 bytes.
  struct Word {
    Moment write = {-1, -1, 0, 0};
    Moment read = {-1, -1, 0, 0};
    bool many_readers = false;  ///< Several readers in one warp since the last barrier.
    bool many_warps = false;    ///< Readers in several warps since the last barrier.
  };

  Array allocate(size_t bytes);
  Word& word(const std::byte* at);

  std::vector<std::byte> storage_;
  std::vector<Word> words_;
  std::map<const void*, Array> declared_;
  Array dynamic_ = {};
  size_t used_ = 0;
};

}  // namespace cuda_emulation
