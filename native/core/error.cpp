#include "core/error.h"

namespace reverse_distillation {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kInvalidImage:
      return "INVALID_IMAGE";
    case ErrorCode::kInvalidFile:
      return "INVALID_FILE";
    case ErrorCode::kIo:
      return "IO";
    case ErrorCode::kAborted:
      return "ABORTED";
    case ErrorCode::kDisposed:
      return "DISPOSED";
    case ErrorCode::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case ErrorCode::kDeviceUnavailable:
      return "DEVICE_UNAVAILABLE";
    case ErrorCode::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace reverse_distillation
