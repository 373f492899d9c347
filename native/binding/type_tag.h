#pragma once

#include <napi.h>

#include <string>

namespace reverse_distillation::binding {

/// The native object behind `value`, which must have been tagged with `tag` when it was created: unwrapping
/// an object of another class would read foreign memory. Throws a Napi::TypeError for any other value.
template <typename Wrap>
Wrap& unwrap_tagged(const Napi::Value& value, const napi_type_tag& tag, const char* class_name) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&tag)) {
    throw Napi::TypeError::New(value.Env(), std::string("expected a ") + class_name);
  }
  return *Wrap::Unwrap(value.As<Napi::Object>());
}

}  // namespace reverse_distillation::binding
