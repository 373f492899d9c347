#pragma once

#include <stdexcept>
#include <string>

namespace cuda_emulation {

/// A kernel did what it must not do on a device: the message names the thread, the block and the deed.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cuda_emulation
