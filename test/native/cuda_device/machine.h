#pragma once

// The counterpart of test/native/cuda_emulation/machine.h on a GPU, as far as tests of kernels use it.

#include <cstdint>

namespace cuda_emulation {

class Machine {
 public:
  static Machine& instance();

  /// A GPU draws its own order of blocks.
  void seed(uint32_t /*seed*/) {}

  /// Kernels launched so far.
  int launches() const;
};

}  // namespace cuda_emulation
