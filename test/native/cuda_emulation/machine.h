#pragma once

// The machine that runs emulated kernels: one block at a time, with its threads as fibers. Each thread runs
// until it must wait for others, in an order drawn again at each step.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <source_location>
#include <string>
#include <vector>

#include "device_types.h"
#include "fiber.h"
#include "shared_memory.h"

namespace cuda_emulation {

using Site = std::source_location;

/// A fault planted into running kernels, for tests of whether it is detected.
struct Mutation {
  int dropped_barrier = -1;  ///< Index of the `__syncthreads()` that does nothing, in order of first use.
  int shortened_array = -1;  ///< Index of the shared array that is one element short, in order of first use.
  size_t missing_dynamic_bytes = 0;  ///< Missing from each launch's dynamic shared memory.
};

class Machine {
 public:
  static Machine& instance();

  /// Starts a new order of blocks and threads.
  void seed(uint32_t seed) { random_.seed(seed); }

  /// Plants a fault into all later launches, and restarts the counts of barriers and arrays.
  void plant(Mutation mutation);
  int barriers_met() const { return static_cast<int>(barriers_.size()); }
  int arrays_met() const { return static_cast<int>(arrays_.size()); }

  /// Runs a grid of blocks in which each thread runs `kernel`. Throws a Fault if the kernel does something
  /// forbidden.
  cudaError_t run(dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& kernel);
  int launches() const { return launches_; }

  // Requests of a running thread.
  const uint3& thread_index() const;
  const uint3& block_index() const { return block_index_; }
  const dim3& block_size() const { return block_size_; }
  const dim3& grid_size() const { return grid_size_; }
  void block_barrier(const Site& site);
  /// Waits for the lanes of `mask`, then returns the value of the lane `source` or, for kMaximum, the
  /// greatest.
  enum class WarpOperation { kBarrier, kShuffle, kMaximum, kBallot };
  uint64_t warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int source,
                          const Site& site);
  int lane() const;
  /// Sometimes lets other threads run first.
  void maybe_yield();
  SharedMemory::Array shared_array(const void* declaration, size_t count, size_t element);
  SharedMemory::Array dynamic_array() { return shared_.dynamic(); }
  SharedMemory& shared() { return shared_; }
  Moment now() const;

 private:
  enum class State { kReady, kAtBarrier, kAtWarp, kDone };
  struct Thread {
    uint3 index;
    State state;
    std::unique_ptr<Fiber> fiber;
    uint64_t warp_epoch;
    // What the thread waits for.
    Site site;
    WarpOperation operation;
    unsigned mask;
    uint64_t value;
    int source;
    uint64_t result;
  };

  Machine();
  static void enter();
  static void on_signal(int number);
  void run_block();
  void wait();
  void make_ready(int thread);
  void release_barrier();
  void complete(int warp, unsigned mask);
  [[noreturn]] void report_deadlock();
  std::string describe(int thread) const;
  int number_of(std::vector<std::string>& known, const Site& site);

  std::mt19937 random_;
  Mutation mutation_;
  std::vector<std::string> barriers_;
  std::vector<const void*> arrays_;
  int launches_ = 0;

  Fiber scheduler_;
  std::vector<Thread> threads_;
  std::vector<int> ready_;
  int size_ = 0;
  int current_ = -1;
  int done_ = 0;
  int at_barrier_ = 0;
  uint64_t block_epoch_ = 0;
  uint3 block_index_ = {};
  dim3 block_size_;
  dim3 grid_size_;
  SharedMemory shared_;
  const std::function<void()>* kernel_ = nullptr;
  std::string fault_;
};

}  // namespace cuda_emulation
