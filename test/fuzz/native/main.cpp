// The fuzz test of native code: libFuzzer makes inputs, and the target that `--target=<name>` names turns
// each into calls. Without the option, the names of the targets are printed.

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "target.h"

namespace reverse_distillation::fuzz {

namespace {

const Target* chosen = nullptr;

void choose(int argc, char** argv) {
  constexpr std::string_view option = "--target=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(option)) continue;
    const auto found = targets().find(std::string(argument.substr(option.size())));
    if (found != targets().end()) chosen = &found->second;
  }
  if (chosen != nullptr) return;
  for (const auto& [name, target] : targets()) std::puts(name.c_str());
  std::exit(0);
}

}  // namespace

}  // namespace reverse_distillation::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  reverse_distillation::fuzz::choose(*argc, *argv);
  at::set_num_threads(1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  try {
    (*reverse_distillation::fuzz::chosen)(input);
  } catch (const reverse_distillation::Error&) {
  } catch (const c10::Error&) {
  }
  return 0;
}
