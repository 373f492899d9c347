#include "device_buffer.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace cuda_emulation {

namespace {

constexpr size_t kGuardBytes = 256;
constexpr std::byte kGuard{0xA5};

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

}  // namespace

DeviceBuffer::DeviceBuffer(size_t bytes, Placement /*placement*/, size_t alignment) : bytes_(bytes) {
  // Memory of cudaMalloc is aligned to 256 bytes at least.
  void* whole = nullptr;
  check(cudaMalloc(&whole, bytes + 2 * kGuardBytes), "cudaMalloc");
  whole_ = static_cast<std::byte*>(whole);
  data_ = whole_ + kGuardBytes + alignment % 16;
  check(cudaMemset(whole_, static_cast<int>(kGuard), bytes + 2 * kGuardBytes), "cudaMemset");
  if (bytes > 0) check(cudaMemset(data_, 0xFF, bytes), "cudaMemset");
}

DeviceBuffer::~DeviceBuffer() { cudaFree(whole_); }

void DeviceBuffer::write(const void* source) {
  if (bytes_ > 0) check(cudaMemcpy(data_, source, bytes_, cudaMemcpyHostToDevice), "a copy to the GPU");
}

void DeviceBuffer::read(void* target) const {
  check(cudaDeviceSynchronize(), "a kernel");
  if (bytes_ > 0) check(cudaMemcpy(target, data_, bytes_, cudaMemcpyDeviceToHost), "a copy from the GPU");
}

void DeviceBuffer::check_guards() const {
  check(cudaDeviceSynchronize(), "a kernel");
  std::vector<std::byte> whole(bytes_ + 2 * kGuardBytes);
  check(cudaMemcpy(whole.data(), whole_, whole.size(), cudaMemcpyDeviceToHost), "a copy from the GPU");
  const auto begin = whole.begin() + (data_ - whole_);
  const auto is_guard = [](std::byte value) { return value == kGuard; };
  if (!std::all_of(whole.begin(), begin, is_guard) ||
      !std::all_of(begin + static_cast<std::ptrdiff_t>(bytes_), whole.end(), is_guard)) {
    throw std::runtime_error("a kernel wrote next to a buffer of " + std::to_string(bytes_) + " bytes");
  }
}

}  // namespace cuda_emulation
