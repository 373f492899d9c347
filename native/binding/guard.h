#pragma once

#include <napi.h>

#include <string>

namespace reverse_distillation::binding {

/// An exception as it crosses the boundary: a code of `lib/errors/error.ts` and a message.
struct Failure {
  std::string code;
  std::string message;

  /// A JavaScript Error with `code`.
  Napi::Error to_error(Napi::Env env) const;
};

/// Describes the exception that is being handled; call it in a `catch (...)`. This is the only place that
/// translates C++ exceptions, including LibTorch's. It describes an exception even without memory.
Failure describe_current_exception() noexcept;

/// Runs `work` and turns every C++ exception into a JavaScript one; for synchronous exports.
template <typename Work>
auto guarded(Napi::Env env, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw describe_current_exception().to_error(env);
  }
}

}  // namespace reverse_distillation::binding
