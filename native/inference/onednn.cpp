#include "inference/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <array>
#include <optional>

namespace reverse_distillation::onednn {

namespace {

using Ints = at::IntArrayRef;
using OptionalTensor = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using Text = std::string_view;

template <typename Signature>
c10::TypedOperatorHandle<Signature> find(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).template typed<Signature>();
}

/// A value for height and for width.
struct Pair {
  explicit Pair(int64_t value) : values{value, value} {}
  operator Ints() const { return values; }
  std::array<int64_t, 2> values;
};

}  // namespace

bool available() {
  static const bool registered =
      at::hasMKLDNN() &&
      c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""}).has_value();
  return registered && at::globalContext().userEnabledMkldnn();
}

at::Tensor pack(const at::Tensor& weight, const Geometry& geometry) {
  const Pair stride(geometry.stride), padding(geometry.padding), one(1), none(0);
  if (geometry.transposed) {
    static const auto reorder =
        find<at::Tensor(const at::Tensor&, Ints, Ints, Ints, Ints, int64_t, at::OptionalIntArrayRef)>(
            "mkldnn::_reorder_convolution_transpose_weight");
    return reorder.call(weight, padding, none, stride, one, 1, std::nullopt);
  }
  static const auto reorder =
      find<at::Tensor(const at::Tensor&, Ints, Ints, Ints, int64_t, at::OptionalIntArrayRef)>(
          "mkldnn::_reorder_convolution_weight");
  return reorder.call(weight, padding, stride, one, 1, std::nullopt);
}

at::Tensor convolve(const at::Tensor& input, const at::Tensor& packed, const at::Tensor& bias,
                    const Geometry& geometry, bool relu) {
  const Pair stride(geometry.stride), padding(geometry.padding), one(1), none(0);
  const Text after = relu ? "relu" : "none";
  if (geometry.transposed) {
    static const auto run = find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints,
                                            Ints, Ints, Ints, int64_t, Text, Scalars, std::optional<Text>)>(
        "mkldnn::_convolution_transpose_pointwise");
    return run.call(input, packed, bias, padding, none, stride, one, 1, after, Scalars(), "");
  }
  static const auto run =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints, Ints, Ints, int64_t,
                      Text, Scalars, std::optional<Text>)>("mkldnn::_convolution_pointwise");
  return run.call(input, packed, bias, padding, stride, one, 1, after, Scalars(), "");
}

at::Tensor convolve_residual(const at::Tensor& input, const at::Tensor& packed, const at::Tensor& bias,
                             const Geometry& geometry, at::Tensor residual) {
  static const auto run =
      find<at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints, Ints,
                       Ints, int64_t, Text, std::optional<at::Scalar>, std::optional<Text>, Scalars,
                       std::optional<Text>)>("mkldnn::_convolution_pointwise_", "binary");
  const Pair stride(geometry.stride), padding(geometry.padding), one(1);
  run.call(residual, input, packed, bias, padding, stride, one, 1, "add", 1.0, "relu", Scalars(), "");
  return residual;
}

}  // namespace reverse_distillation::onednn
