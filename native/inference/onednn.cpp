#include "inference/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

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

/// One value for both height and width.
struct Pair {
  explicit Pair(int64_t value) : values{value, value} {}
  operator Ints() const { return values; }
  std::array<int64_t, 2> values;
};

/// Whether two packed weights have the same memory order.
bool same_order(const at::Tensor& a, const at::Tensor& b) {
  static const auto order = find<at::Tensor(const at::Tensor&)>("mkldnn::_get_mkldnn_serialized_md");
  return at::equal(order.call(a), order.call(b));
}

/// One value for both height and width, for operators that are called by their schema.
c10::List<int64_t> twice(int64_t value) { return c10::List<int64_t>({value, value}); }

/// Calls an operator by its schema, because its C++ signature differs between versions of LibTorch.
template <typename... Values>
at::Tensor call(const c10::OperatorHandle& op, Values&&... values) {
  torch::jit::Stack stack;
  (stack.emplace_back(std::forward<Values>(values)), ...);
  op.callBoxed(stack);
  return std::move(stack.front()).toTensor();
}

}  // namespace

bool available() {
  static const bool registered =
      at::hasMKLDNN() &&
      c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""}).has_value();
  return registered && at::globalContext().userEnabledMkldnn();
}

bool runs_bfloat16() { return !available() || find<bool()>("mkldnn::_is_mkldnn_bf16_supported").call(); }

PackedWeight::PackedWeight(at::Tensor weight, const Geometry& geometry)
    : geometry_(geometry), weight_(std::move(weight)) {}

at::Tensor PackedWeight::pack(const at::Tensor& weight, Ints input_size) const {
  const Pair stride(geometry_.stride), padding(geometry_.padding), one(1), none(0);
  if (geometry_.transposed) {
    static const auto reorder =
        find<at::Tensor(const at::Tensor&, Ints, Ints, Ints, Ints, int64_t, at::OptionalIntArrayRef)>(
            "mkldnn::_reorder_convolution_transpose_weight");
    return reorder.call(weight, padding, none, stride, one, 1, input_size);
  }
  static const auto reorder =
      find<at::Tensor(const at::Tensor&, Ints, Ints, Ints, int64_t, at::OptionalIntArrayRef)>(
          "mkldnn::_reorder_convolution_weight");
  return reorder.call(weight, padding, stride, one, 1, input_size);
}

at::Tensor PackedWeight::unpack(const at::Tensor& packed) const {
  const at::Tensor weight = packed.to_dense();
  // oneDNN stores a transposed convolution's channels in the order of a plain convolution.
  return geometry_.transposed ? weight.transpose(0, 1).contiguous() : weight;
}

const at::Tensor& PackedWeight::packed_for(const at::Tensor& input) {
  const size_t several = input.size(0) > 1 ? 1 : 0;
  at::Tensor& packed = packed_[several];
  if (packed.defined()) return packed;
  const at::Tensor& other = packed_[1 - several];
  packed = pack(other.defined() ? unpack(other) : weight_, input.sizes());
  if (other.defined() && same_order(packed, other)) packed = other;
  weight_.reset();
  return packed;
}

at::Tensor PackedWeight::convolve(const at::Tensor& input, const at::Tensor& bias, bool relu) {
  const Pair stride(geometry_.stride), padding(geometry_.padding), one(1), none(0);
  const Text after = relu ? "relu" : "none";
  if (geometry_.transposed) {
    static const auto run = find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints,
                                            Ints, Ints, Ints, int64_t, Text, Scalars, std::optional<Text>)>(
        "mkldnn::_convolution_transpose_pointwise");
    return run.call(input, packed_for(input), bias, padding, none, stride, one, 1, after, Scalars(), "");
  }
  static const auto run =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints, Ints, Ints, int64_t,
                      Text, Scalars, std::optional<Text>)>("mkldnn::_convolution_pointwise");
  return run.call(input, packed_for(input), bias, padding, stride, one, 1, after, Scalars(), "");
}

at::Tensor PackedWeight::convolve_residual(const at::Tensor& input, const at::Tensor& bias,
                                           at::Tensor residual) {
  static const auto run =
      find<at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&, Ints, Ints,
                       Ints, int64_t, Text, std::optional<at::Scalar>, std::optional<Text>, Scalars,
                       std::optional<Text>)>("mkldnn::_convolution_pointwise_", "binary");
  const Pair stride(geometry_.stride), padding(geometry_.padding), one(1);
  run.call(residual, input, packed_for(input), bias, padding, stride, one, 1, "add", 1.0, "relu", Scalars(),
           "");
  return residual;
}

bool runs_int8() {
  static const bool registered =
      c10::Dispatcher::singleton().findSchema({"onednn::qconv2d_pointwise", ""}).has_value();
  return available() && registered;
}

QuantisedWeight::QuantisedWeight(const at::Tensor& weight, const Geometry& geometry, double input_scale)
    : geometry_(geometry), input_scale_(input_scale) {
  constexpr double kLargest = 63.0;
  const at::Tensor largest = weight.abs().amax({1, 2, 3});
  // A channel of zeros needs a scale, too.
  scales_ = at::where(largest > 0, largest / kLargest, 1.0F);
  weight_ = (weight / scales_.view({-1, 1, 1, 1})).round().to(at::kChar);
  zero_points_ = at::zeros({weight.size(0)}, at::kLong);
}

const at::Tensor& QuantisedWeight::packed_for(const at::Tensor& input) {
  at::Tensor& packed = packed_[input.size(0) > 1 ? 1 : 0];
  if (packed.defined()) return packed;
  static const auto pack = c10::Dispatcher::singleton().findSchemaOrThrow("onednn::qconv_prepack", "");
  const int64_t zero_point = 0, groups = 1;
  packed = call(pack, weight_, scales_, input_scale_, zero_point, twice(geometry_.stride),
                twice(geometry_.padding), twice(1), groups, input.sizes());
  return packed;
}

at::Tensor QuantisedWeight::convolve(const at::Tensor& input, const at::Tensor& bias, bool relu,
                                     std::optional<double> output_scale) {
  static const auto run = c10::Dispatcher::singleton().findSchemaOrThrow("onednn::qconv2d_pointwise", "");
  const int64_t zero_point = 0, groups = 1;
  return call(run, input, input_scale_, zero_point, packed_for(input), scales_, zero_points_, bias,
              twice(geometry_.stride), twice(geometry_.padding), twice(1), groups, output_scale.value_or(1.0),
              zero_point, output_scale ? at::kByte : at::kFloat, relu ? "relu" : "none", Scalars(), "");
}

at::Tensor QuantisedWeight::convolve_residual(const at::Tensor& input, const at::Tensor& bias,
                                              at::Tensor residual) {
  static const auto run =
      c10::Dispatcher::singleton().findSchemaOrThrow("onednn::qconv2d_pointwise", "binary");
  const int64_t zero_point = 0, groups = 1;
  const double scale = 1.0;
  return call(run, input, input_scale_, zero_point, packed_for(input), scales_, zero_points_,
              std::move(residual), bias, twice(geometry_.stride), twice(geometry_.padding), twice(1), groups,
              scale, zero_point, at::kFloat, scale, zero_point, "sum", c10::IValue(), "relu", Scalars(), "");
}

}  // namespace reverse_distillation::onednn
