#pragma once

#include <stdexcept>
#include <string>

namespace cuda_emulation {

/// A kernel did something that is forbidden on a device. The message names the thread, the block and what it
/// did.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cuda_emulation
