#pragma once

// A block's shared memory: bounds, first use and order of accesses are checked at each of them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

namespace cuda_emulation {

/// A thread at a moment: when two threads' accesses are ordered follows from it.
struct Moment {
  int thread;
  int warp;
  uint64_t block_epoch;  ///< Block barriers that the thread has passed.
  uint64_t warp_epoch;   ///< Warp barriers that the thread has passed.
};

class SharedMemory {
 public:
  /// Where an array lies.
  struct Array {
    std::byte* data;
    size_t bytes;
  };

  /// Forgets everything, and gives each array that is asked for from now on a poison of NaNs.
  void reset(size_t dynamic_bytes);

  /// The array of one declaration, the same for all threads of the block.
  Array declared(const void* declaration, size_t bytes);

  /// The dynamic shared memory of the launch.
  Array dynamic();

  /// Bytes of all arrays.
  size_t bytes() const { return used_; }

  // Record an access to `bytes` from `at`, which lie in an array, and throw a Fault where another thread's
  // conflicting access is not ordered with it by a barrier, or where nothing was ever written.
  void read(const std::byte* at, size_t bytes, const Moment& now);
  void write(const std::byte* at, size_t bytes, const Moment& now);

 private:
  /// Who touched 4 bytes last.
  struct Word {
    Moment write = {-1, -1, 0, 0};
    Moment read = {-1, -1, 0, 0};
    bool many_readers = false;  ///< of one warp, since the last barrier
    bool many_warps = false;    ///< that read, since the last barrier
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
