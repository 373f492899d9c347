#include "core/cancel_token.h"

namespace reverse_distillation {

namespace {
thread_local const CancelToken* current = nullptr;
}

CancelScope::CancelScope(const CancelToken& token) : former_(current) { current = &token; }

CancelScope::~CancelScope() { current = former_; }

void throw_if_cancelled() {
  if (current != nullptr) current->throw_if_cancelled();
}

}  // namespace reverse_distillation
