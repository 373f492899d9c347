#include "binding/guard.h"

#include <c10/util/Exception.h>

#include <new>
#include <system_error>

#include "core/error.h"
#include "core/out_of_memory.h"

namespace reverse_distillation::binding {

Napi::Error Failure::to_error(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

namespace {

Failure describe() {
  try {
    throw;
  } catch (const Error& error) {
    return {error_code_name(error.code()), error.what()};
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool exhausted =
        dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || tells_of_exhausted_memory(message);
    if (!exhausted) return {error_code_name(ErrorCode::kInternal), message};
    release_kept_memory();
    return {error_code_name(ErrorCode::kOutOfMemory), describe_exhausted_memory(message)};
  } catch (const std::bad_alloc&) {
    return {error_code_name(ErrorCode::kOutOfMemory), "An allocation failed: the process is out of memory."};
  } catch (const std::system_error& error) {
    const bool refused = error.code() == std::errc::resource_unavailable_try_again ||
                         error.code() == std::errc::not_enough_memory;
    return {error_code_name(refused ? ErrorCode::kOutOfMemory : ErrorCode::kInternal), error.what()};
  } catch (const std::exception& error) {
    return {error_code_name(ErrorCode::kInternal), error.what()};
  } catch (...) {
    return {error_code_name(ErrorCode::kInternal), "An unknown exception was thrown."};
  }
}

}  // namespace

Failure describe_current_exception() noexcept {
  try {
    return describe();
  } catch (...) {
    // Both are short enough to need no allocation.
    return {error_code_name(ErrorCode::kOutOfMemory), "Out of memory."};
  }
}

}  // namespace reverse_distillation::binding
