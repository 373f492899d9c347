#include "shared_memory.h"

#include <algorithm>
#include <string>

#include "fault.h"

namespace cuda_emulation {

namespace {

/// The most that a block can have on sm_90.
constexpr size_t kCapacity = size_t{227} << 10;

/// Whether `later` sees everything that `earlier` did.
bool ordered(const Moment& earlier, const Moment& later) {
  if (earlier.thread == later.thread) return true;
  if (earlier.block_epoch < later.block_epoch) return true;
  return earlier.warp == later.warp && earlier.warp_epoch < later.warp_epoch;
}

[[noreturn]] void race(const char* what, const Moment& other) {
  throw Fault(std::string("race on shared memory: ") + what + " thread " + std::to_string(other.thread) +
              " without a barrier between them");
}

}  // namespace

void SharedMemory::reset(size_t dynamic_bytes) {
  storage_.resize(kCapacity);
  words_.resize(kCapacity / 4);
  std::fill_n(storage_.begin(), used_, std::byte{0xFF});
  std::fill_n(words_.begin(), (used_ + 3) / 4, Word{});
  if (used_ == 0) std::fill(storage_.begin(), storage_.end(), std::byte{0xFF});
  declared_.clear();
  used_ = 0;
  dynamic_ = allocate(dynamic_bytes);
}

SharedMemory::Array SharedMemory::allocate(size_t bytes) {
  const size_t begin = (used_ + 15) / 16 * 16;
  if (begin + bytes > kCapacity) throw Fault("more shared memory than the 227 KiB that a block may have");
  used_ = begin + bytes;
  return {storage_.data() + begin, bytes};
}

SharedMemory::Array SharedMemory::declared(const void* declaration, size_t bytes) {
  const auto found = declared_.find(declaration);
  if (found != declared_.end()) return found->second;
  return declared_[declaration] = allocate(bytes);
}

SharedMemory::Array SharedMemory::dynamic() { return dynamic_; }

SharedMemory::Word& SharedMemory::word(const std::byte* at) {
  return words_[static_cast<size_t>(at - storage_.data()) / 4];
}

void SharedMemory::read(const std::byte* at, size_t bytes, const Moment& now) {
  for (const std::byte* place = at; place < at + bytes; place += 4) {
    Word& touched = word(place);
    if (touched.write.thread < 0) throw Fault("shared memory is read that was never written");
    if (!ordered(touched.write, now)) race("it is read after a write by", touched.write);
    if (touched.read.block_epoch != now.block_epoch || touched.read.thread < 0) {
      touched.many_readers = touched.many_warps = false;
    } else if (touched.read.warp != now.warp) {
      touched.many_warps = true;
    } else if (touched.read.warp_epoch != now.warp_epoch) {
      touched.many_readers = false;
    } else if (touched.read.thread != now.thread) {
      touched.many_readers = true;
    }
    touched.read = now;
  }
}

void SharedMemory::write(const std::byte* at, size_t bytes, const Moment& now) {
  for (const std::byte* place = at; place < at + bytes; place += 4) {
    Word& touched = word(place);
    if (touched.write.thread >= 0 && !ordered(touched.write, now)) {
      race("it is written after a write by", touched.write);
    }
    const bool same_epoch = touched.read.thread >= 0 && touched.read.block_epoch == now.block_epoch;
    const bool by_others = touched.many_warps ||
                           (touched.many_readers &&
                            (touched.read.warp != now.warp || touched.read.warp_epoch == now.warp_epoch)) ||
                           !ordered(touched.read, now);
    if (same_epoch && by_others) race("it is written after a read by", touched.read);
    touched.write = now;
  }
}

}  // namespace cuda_emulation
