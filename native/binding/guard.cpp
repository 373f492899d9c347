#include "binding/guard.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/error.h"

namespace reverse_distillation::binding {

namespace {

/// The CPU allocator reports exhaustion as a plain c10::Error with this text.
bool tells_of_exhausted_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string(error.what_without_backtrace()).find("not enough memory") != std::string::npos ||
         std::string(error.what_without_backtrace()).find("can't allocate memory") != std::string::npos;
}

}  // namespace

Napi::Error Failure::to_error(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

Failure describe_current_exception() {
  try {
    throw;
  } catch (const Error& error) {
    return {error_code_name(error.code()), error.what()};
  } catch (const c10::Error& error) {
    const ErrorCode code = tells_of_exhausted_memory(error) ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
    return {error_code_name(code), error.what_without_backtrace()};
  } catch (const std::bad_alloc&) {
    return {error_code_name(ErrorCode::kOutOfMemory), "An allocation failed: the process is out of memory."};
  } catch (const std::exception& error) {
    return {error_code_name(ErrorCode::kInternal), error.what()};
  } catch (...) {
    return {error_code_name(ErrorCode::kInternal), "An unknown exception was thrown."};
  }
}

}  // namespace reverse_distillation::binding
