#include "core/out_of_memory.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <array>
#include <regex>

#include "core/device.h"

namespace reverse_distillation {

namespace {

constexpr const char* kRemedy = " Smaller batches, smaller images or a smaller backbone take less.";

/// What LibTorch's allocators and the libraries below it say.
constexpr std::array kPhrases = {"out of memory", "not enough memory", "can't allocate memory",
                                 "ALLOC_FAILED"};

}  // namespace

bool tells_of_exhausted_memory(const std::string& message) {
  for (const char* phrase : kPhrases) {
    if (message.find(phrase) != std::string::npos) return true;
  }
  return false;
}

std::string describe_exhausted_memory(const std::string& message) {
  static const std::regex gpu(
      R"(Tried to allocate ([\d.]+ \w+)\. GPU (\d+) has a total capacity of ([\d.]+ \w+) of which ([\d.]+ \w+) is free)");
  static const std::regex cpu(R"(you tried to allocate (\d+) bytes)");
  std::smatch found;
  if (std::regex_search(message, found, gpu)) {
    return "GPU " + found.str(2) + " is out of memory: " + found.str(1) + " were asked for, and " +
           found.str(4) + " of its " + found.str(3) + " were free." + kRemedy;
  }
  if (std::regex_search(message, found, cpu)) {
    return "The memory is exhausted: " + found.str(1) + " bytes were asked for." + kRemedy;
  }
  return message + "." + kRemedy;
}

void release_kept_memory() noexcept {
  if (cuda_devices() == 0) return;
  try {
    c10::getDeviceAllocator(c10::kCUDA)->emptyCache();
  } catch (const std::exception&) {
    // What is kept stays kept; the failure that led here is what the caller hears of.
    return;
  }
}

}  // namespace reverse_distillation
