#pragma once

#include <stdexcept>
#include <string>

namespace reverse_distillation {

/// How native code can fail: a subset of the codes of `lib/errors/error.ts`, under the same names.
enum class ErrorCode {
  kInvalidArgument,
  kInvalidImage,
  kInvalidFile,
  kIo,
  kAborted,
  kDisposed,
  kOutOfMemory,
  kDeviceUnavailable,
  kInternal,
};

/// The code's name as JavaScript sees it, such as "INVALID_ARGUMENT".
const char* error_code_name(ErrorCode code);

/// The only exception type of this library. `what()` says what was given, what is allowed and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace reverse_distillation
