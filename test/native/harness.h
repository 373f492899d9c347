#pragma once

// A test harness on one page: tests register themselves, print TAP, and fail by throwing.

#include <ATen/core/Tensor.h>

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace reverse_distillation::test {

struct Test {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Test>& registry() {
  static std::vector<Test> tests;
  return tests;
}

struct Registration {
  Registration(std::string name, std::function<void()> body) {
    registry().push_back({std::move(name), std::move(body)});
  }
};

#define RD_CONCAT_(a, b) a##b
#define RD_CONCAT(a, b) RD_CONCAT_(a, b)

/// TEST("a sentence that should hold") { ... }
#define TEST(name)                                                                                 \
  static void RD_CONCAT(test_body_, __LINE__)();                                                   \
  static const ::reverse_distillation::test::Registration RD_CONCAT(test_registration_, __LINE__)( \
      name, RD_CONCAT(test_body_, __LINE__));                                                      \
  static void RD_CONCAT(test_body_, __LINE__)()

inline void fail(const char* file, int line, const std::string& message) {
  std::ostringstream text;
  text << file << ":" << line << ": " << message;
  throw std::runtime_error(text.str());
}

/// Thrown by a test that cannot run on this machine; the reason is printed.
struct Skipped {
  std::string reason;
};

/// Fails unless `condition` holds; the other arguments are streamed into the message.
#define EXPECT(condition, ...)                                                  \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::ostringstream check_text;                                            \
      check_text << #condition << " " __VA_OPT__(<< __VA_ARGS__);               \
      ::reverse_distillation::test::fail(__FILE__, __LINE__, check_text.str()); \
    }                                                                           \
  } while (false)

/// Fails unless the tensors agree in shape and, element by element, within absolute + relative * |expected|.
#define EXPECT_CLOSE(actual, expected, absolute, relative) \
  ::reverse_distillation::test::check_close(__FILE__, __LINE__, actual, expected, absolute, relative)

void check_close(const char* file, int line, const at::Tensor& actual, const at::Tensor& expected,
                 double absolute, double relative);

/// Fails unless `statement` throws an exception whose text contains `part`.
#define EXPECT_THROWS(statement, part)        \
  ::reverse_distillation::test::check_throws( \
      __FILE__, __LINE__, [&] { statement; }, part)

void check_throws(const char* file, int line, const std::function<void()>& statement,
                  const std::string& part);

}  // namespace reverse_distillation::test
