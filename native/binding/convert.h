#pragma once

#include <napi.h>

#include "core/config.h"
#include "pipeline/detector.h"

namespace reverse_distillation::binding {

// Conversions between JavaScript values and native structs, typed in lib/native/addon.ts. The facade
// validates user input; the checks here only protect memory, and throw a Napi::TypeError.

ModelConfig to_model_config(const Napi::Object& value);
Napi::Object from_model_config(Napi::Env env, const ModelConfig& config);
TrainingConfig to_training_config(const Napi::Object& value);
Loss to_loss(const Napi::Value& value);
Frame to_frame(const Napi::Object& value);
Part to_part(const Napi::Value& value);

/// Refers to the pixels' memory; see `LentPixels`. Throws `Error(kInvalidImage)` if the memory is gone.
PixelView to_pixel_view(const Napi::Object& value);

/// Resized pixels, uint8 or float32 [height, width, 3], as an image that `to_pixel_view` takes. Shares their
/// memory.
Napi::Object from_resized(Napi::Env env, const at::Tensor& pixels);

/// An array of whole numbers.
std::vector<int64_t> to_integers(const Napi::Array& value);

/// Shares the bytes' memory in the same way.
NamedTensor to_named_tensor(const Napi::Object& value);

/// The tensor's name, dtype and shape.
Napi::Object from_outline(Napi::Env env, const NamedTensor& value);
/// Shares the tensors' memory with JavaScript, which keeps them alive.
Napi::Object from_named_tensor(Napi::Env env, const NamedTensor& value);
Napi::Array from_named_tensors(Napi::Env env, const std::vector<NamedTensor>& values);

/// The statistics of one image: float32 [3].
Napi::Object from_statistics(Napi::Env env, const at::Tensor& statistics);

Napi::Object from_report(Napi::Env env, const EpochReport& report);
Napi::Object from_training_progress(Napi::Env env, const TrainingProgress& progress);

}  // namespace reverse_distillation::binding
