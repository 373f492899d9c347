// The addon's exports. They mirror lib/native/addon.ts one to one.

#include <ATen/Version.h>
#include <napi.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/version.h>

#include "binding/cancel_token.h"
#include "binding/environment.h"
#include "binding/guard.h"
#include "binding/image_set.h"
#include "binding/map_worker.h"
#include "binding/model.h"
#include "binding/shrinker.h"
#include "core/device.h"
#include "core/precision.h"
#include "inference/onednn.h"

namespace reverse_distillation::binding {

namespace {

/// The version of the LibTorch that is loaded, as "major.minor.patch".
std::string libtorch_version() {
  const uint64_t version = aoti_torch_abi_version();
  const auto byte = [version](int shift) { return std::to_string(version >> shift & 0xFFU); };
  return byte(56) + "." + byte(48) + "." + byte(40);
}

Napi::Value describe_library(const Napi::CallbackInfo& call) {
  Napi::Object value = Napi::Object::New(call.Env());
  value.Set("libtorch", libtorch_version());
  value.Set("builtAgainst", TORCH_VERSION);
  value.Set("cpuCapability", at::get_cpu_capability());
  // oneDNN may have been told to ignore instruction sets that the processor has (ONEDNN_MAX_CPU_ISA).
  const bool runs_bfloat16 = onednn::runs_bfloat16();
  value.Set("cpuRunsBfloat16", runs_bfloat16);
  value.Set("cpuHasBfloat16", runs_bfloat16 && cpu_has_bfloat16());
  value.Set("cpuRunsInt8", onednn::runs_int8());
  value.Set("threads", default_threads());
  value.Set("cudaDevices", cuda_devices());
  value.Set("liveModels", static_cast<double>(ModelWrap::live_models.load()));
  value.Set("liveMaps", static_cast<double>(ModelWrap::live_maps.load()));
  return value;
}

Napi::Value info(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return describe_library(call); });
}

Napi::Value address_of(const Napi::CallbackInfo& call) {
  const auto view = call[0].As<Napi::TypedArray>();
  const auto* data = static_cast<const uint8_t*>(view.ArrayBuffer().Data()) + view.ByteOffset();
  return Napi::BigInt::New(call.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data)));
}

Napi::Value shutdown(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    Environment::of(call.Env())->shutdown();
    return call.Env().Undefined();
  });
}

Napi::Object define_exports(Napi::Env env, Napi::Object exports) {
  default_threads();  // Read it before any job changes it.
  // The event loop computes nothing; this keeps LibTorch from making threads for it.
  set_threads(1);
  Environment::install(env);
  exports.Set("info", Napi::Function::New<info>(env));
  exports.Set("addressOf", Napi::Function::New<address_of>(env));
  exports.Set("shutdown", Napi::Function::New<shutdown>(env));
  exports.Set("CancelToken", CancelTokenWrap::define(env));
  exports.Set("ImageSet", ImageSetWrap::define(env));
  exports.Set("MapWorker", MapWorkerWrap::define(env));
  exports.Set("Model", ModelWrap::define(env));
  exports.Set("Shrinker", ShrinkerWrap::define(env));
  return exports;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  return guarded(env, [&] { return define_exports(env, exports); });
}

}  // namespace

NODE_API_MODULE(reverse_distillation, initialise)

}  // namespace reverse_distillation::binding
