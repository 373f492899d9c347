#include "device_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "fault.h"

namespace cuda_emulation {

namespace {

constexpr std::byte kGuard{0xA5};
constexpr std::byte kPoison{0xFF};

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

DeviceBuffer::DeviceBuffer(size_t bytes, Placement placement, size_t alignment) : bytes_(bytes) {
  const size_t page = page_bytes();
  // One page more than needed: guard bytes next to the buffer, and room to shift it.
  inner_bytes_ = (bytes + page - 1) / page * page + page;
  void* const pages =
      mmap(nullptr, inner_bytes_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  pages_ = static_cast<std::byte*>(pages);
  std::byte* const inner = pages_ + page;
  if (mprotect(inner, inner_bytes_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  std::fill_n(inner, inner_bytes_, kGuard);
  // An address that is aligned to `alignment`, and to no more if that is less than 16.
  if (placement == Placement::kAtStart) {
    data_ = inner + alignment % 16;
  } else {
    data_ = inner + (inner_bytes_ - bytes) / alignment * alignment;
    if (alignment < 16 && reinterpret_cast<uintptr_t>(data_) % 16 == 0) data_ -= alignment;
  }
  std::fill_n(data_, bytes, kPoison);
}

DeviceBuffer::~DeviceBuffer() { munmap(pages_, inner_bytes_ + 2 * page_bytes()); }

void DeviceBuffer::write(const void* source) {
  if (bytes_ > 0) std::memcpy(data_, source, bytes_);
}

void DeviceBuffer::read(void* target) const {
  if (bytes_ > 0) std::memcpy(target, data_, bytes_);
}

void DeviceBuffer::check_guards() const {
  const std::byte* const begin = pages_ + page_bytes();
  for (const std::byte* at = begin; at < begin + inner_bytes_; ++at) {
    if (at == data_) at += bytes_;
    if (at == begin + inner_bytes_) break;
    if (*at != kGuard) {
      throw Fault("a kernel wrote " + std::to_string(at - data_) + " bytes from the start of a buffer of " +
                  std::to_string(bytes_));
    }
  }
}

}  // namespace cuda_emulation
