#include "core/gpu_backend.h"

namespace reverse_distillation {

namespace {

/// Zero-initialised before any registration runs.
constinit const GpuBackend* registered = nullptr;

}  // namespace

const GpuBackend* gpu_backend() { return registered; }

GpuBackendRegistration::GpuBackendRegistration(const GpuBackend& backend) { registered = &backend; }

}  // namespace reverse_distillation
