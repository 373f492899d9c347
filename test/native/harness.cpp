#include "harness.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <iostream>

namespace reverse_distillation::test {

void check_close(const char* file, int line, const at::Tensor& actual, const at::Tensor& expected,
                 double absolute, double relative) {
  std::ostringstream text;
  if (actual.sizes() != expected.sizes()) {
    text << "shape " << actual.sizes() << " instead of " << expected.sizes();
    fail(file, line, text.str());
  }
  if (actual.numel() == 0) return;
  const at::Tensor a = actual.detach().to(at::kDouble).contiguous();
  const at::Tensor e = expected.detach().to(at::kDouble).contiguous();
  // Written so that a NaN on either side counts as a difference.
  const at::Tensor within = (a - e).abs().le(e.abs() * relative + absolute);
  if (within.all().item<bool>()) return;
  const int64_t worst = within.flatten().logical_not().nonzero()[0].item<int64_t>();
  text << within.logical_not().sum().item<int64_t>() << " of " << a.numel() << " elements differ; at "
       << worst << ": " << a.flatten()[worst].item<double>() << " instead of "
       << e.flatten()[worst].item<double>();
  fail(file, line, text.str());
}

void check_throws(const char* file, int line, const std::function<void()>& statement,
                  const std::string& part) {
  std::string met;
  try {
    statement();
  } catch (const c10::Error& error) {
    met = error.what_without_backtrace();
  } catch (const std::exception& error) {
    met = error.what();
  }
  if (met.empty()) fail(file, line, "nothing was thrown; expected: " + part);
  if (met.find(part) == std::string::npos) fail(file, line, "thrown: " + met + "; expected: " + part);
}

}  // namespace reverse_distillation::test

/// Runs all tests, or those whose name contains the first argument; prints TAP.
int main(int argc, char** argv) {
  using reverse_distillation::test::registry;
  const std::string filter = argc > 1 ? argv[1] : "";
  int run = 0;
  int failed = 0;
  std::cout << "TAP version 13" << std::endl;
  for (const auto& test : registry()) {
    if (test.name.find(filter) == std::string::npos) continue;
    ++run;
    // Every test draws the same numbers each time, whichever tests run before it.
    at::manual_seed(0);
    try {
      test.body();
      std::cout << "ok " << run << " - " << test.name << std::endl;
    } catch (const reverse_distillation::test::Skipped& skipped) {
      std::cout << "ok " << run << " - " << test.name << " # SKIP " << skipped.reason << std::endl;
    } catch (const std::exception& error) {
      ++failed;
      std::cout << "not ok " << run << " - " << test.name << "\n  ---\n  message: |\n    " << error.what()
                << "\n  ..." << std::endl;
    }
  }
  std::cout << "1.." << run << std::endl;
  return failed == 0 && run > 0 ? 0 : 1;
}
