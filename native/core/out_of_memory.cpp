#include "core/out_of_memory.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <array>
#include <regex>

#include "core/device.h"

namespace reverse_distillation {

namespace {

constexpr const char* kRemedy = " Use smaller batches, smaller images or a smaller backbone.";

/// How LibTorch's allocators and the libraries below it say that memory ran out.
constexpr std::array kPhrases = {"out of memory", "not enough memory", "can't allocate memory",
                                 "Could not allocate memory", "ALLOC_FAILED"};

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
    return "GPU " + found.str(2) + " is out of memory: " + found.str(1) + " were requested, and " +
           found.str(4) + " of its " + found.str(3) + " were free." + kRemedy;
  }
  if (std::regex_search(message, found, cpu)) {
    return "Out of memory: " + found.str(1) + " bytes were requested." + kRemedy;
  }
  return message + "." + kRemedy;
}

void release_kept_memory() noexcept {
  if (cuda_devices() == 0) return;
  try {
    c10::getDeviceAllocator(c10::kCUDA)->emptyCache();
  } catch (const std::exception&) {
    // The cache stays as it is; the caller hears of the failure that led here.
    return;
  }
}

}  // namespace reverse_distillation
