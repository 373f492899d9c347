#pragma once

#include <cstddef>
#include <memory>

namespace reverse_distillation {

/// Memory for values of a type, which is kept from one use to the next: a process that returns memory to the
/// system and gets it again pays for each page.
template <typename T>
class KeptMemory {
 public:
  /// Memory for `count` values, not initialised. Invalidates what was returned before.
  T* take(size_t count) {
    if (count > capacity_) {
      values_ = std::make_unique_for_overwrite<T[]>(count);
      capacity_ = count;
    }
    return values_.get();
  }
  T* data() const { return values_.get(); }
  T& operator[](size_t i) const { return values_[i]; }

 private:
  std::unique_ptr<T[]> values_;
  size_t capacity_ = 0;
};

}  // namespace reverse_distillation
