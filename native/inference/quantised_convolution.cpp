#include "inference/quantised_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>

#include "inference/activation_kernels.h"

namespace reverse_distillation {

namespace {

constexpr int64_t kGrain = 1 << 15;

/// A 2x2 transposed convolution of stride 2 as a 1x1 convolution with an output channel for each place of the
/// 2x2: [C, C', 2, 2] -> [4 C', C, 1, 1].
at::Tensor as_plain(const at::Tensor& weight) {
  return weight.permute({2, 3, 1, 0}).reshape({4 * weight.size(1), weight.size(0), 1, 1});
}

/// Puts the places of the 2x2 where they belong: [N, 4 C', H, W] -> [N, C', 2 H, 2 W], both channels-last.
at::Tensor spread(const at::Tensor& places) {
  const int64_t images = places.size(0), channels = places.size(1) / 4;
  const int64_t height = places.size(2), width = places.size(3);
  return places.permute({0, 2, 3, 1})
      .view({images, height, width, 2, 2, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({images, 2 * height, 2 * width, channels})
      .permute({0, 3, 1, 2});
}

}  // namespace

QuantisedConvolution::QuantisedConvolution(const at::Tensor& weight, const at::Tensor& bias,
                                           const onednn::Geometry& geometry, double range)
    : transposed_(geometry.transposed),
      input_scale_(range / 255.0),
      bias_(transposed_ ? bias.repeat({4}) : bias),
      weight_(transposed_ ? as_plain(weight) : weight,
              transposed_ ? onednn::Geometry{/*stride=*/1, /*padding=*/0, /*transposed=*/false} : geometry,
              input_scale_) {}

at::Tensor QuantisedConvolution::quantised(const at::Tensor& input) const {
  at::Tensor output = at::empty_like(input, input.options().dtype(at::kByte));
  const float* from = input.const_data_ptr<float>();
  auto* to = output.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, input.numel(), kGrain, [&](int64_t begin, int64_t end) {
    cpu::quantise(from + begin, end - begin, static_cast<float>(input_scale_), to + begin);
  });
  return output;
}

at::Tensor QuantisedConvolution::convolve(const at::Tensor& input, bool relu,
                                          std::optional<double> output_scale) {
  at::Tensor output = weight_.convolve(input, bias_, relu, output_scale);
  return transposed_ ? spread(output) : output;
}

at::Tensor QuantisedConvolution::convolve_residual(const at::Tensor& input, at::Tensor residual) {
  return weight_.convolve_residual(input, bias_, std::move(residual));
}

}  // namespace reverse_distillation
