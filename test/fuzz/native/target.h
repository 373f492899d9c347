#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <functional>
#include <map>
#include <string>

namespace reverse_distillation::fuzz {

/// Calls what is tested with arguments made from the input. It may throw `Error` and `c10::Error`.
using Target = std::function<void(FuzzedDataProvider& input)>;

inline std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

struct Registration {
  Registration(const char* name, Target target) { targets().emplace(name, std::move(target)); }
};

}  // namespace reverse_distillation::fuzz
