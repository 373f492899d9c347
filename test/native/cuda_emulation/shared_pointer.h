#pragma once

// What kernels use instead of a pointer into shared memory.

#include <cstdint>
#include <string>

#include "fault.h"
#include "machine.h"

namespace cuda_emulation {

/// An element of shared memory; its reads and writes are recorded.
template <typename T>
class SharedElement {
 public:
  explicit SharedElement(std::byte* at) : at_(at) {}

  operator T() const {
    Machine& machine = Machine::instance();
    machine.shared().read(at_, sizeof(T), machine.now());
    T value;
    std::memcpy(&value, at_, sizeof(T));
    return value;
  }
  const SharedElement& operator=(const T& value) const {
    Machine& machine = Machine::instance();
    machine.shared().write(at_, sizeof(T), machine.now());
    std::memcpy(at_, &value, sizeof(T));
    return *this;
  }
  const SharedElement& operator=(const SharedElement& other) const { return *this = static_cast<T>(other); }
  SharedElement(const SharedElement&) = default;

 private:
  std::byte* at_;
};

/// A pointer into a shared array that knows where the array ends.
template <typename T>
class SharedPointer {
 public:
  SharedPointer(std::byte* begin, size_t bytes, int64_t position = 0)
      : begin_(begin), count_(static_cast<int64_t>(bytes / sizeof(T))), position_(position) {}

  SharedElement<T> operator[](int64_t i) const {
    const int64_t at = position_ + i;
    if (at < 0 || at >= count_) {
      throw Fault("element " + std::to_string(at) + " of a shared array of " + std::to_string(count_) +
                  " is accessed");
    }
    return SharedElement<T>(begin_ + at * static_cast<int64_t>(sizeof(T)));
  }
  SharedElement<T> operator*() const { return (*this)[0]; }
  SharedPointer operator+(int64_t i) const {
    return SharedPointer(begin_, static_cast<size_t>(count_) * sizeof(T), position_ + i);
  }

 private:
  std::byte* begin_;
  int64_t count_;
  int64_t position_;
};

}  // namespace cuda_emulation
