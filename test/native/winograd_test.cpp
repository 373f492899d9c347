#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "harness.h"
#include "inference/winograd.h"

namespace reverse_distillation::test::winograd_test {

namespace {

struct Layer {
  int64_t images, height, width, inputs, outputs;
};

/// Sizes with borders of every kind, with more and with fewer tiles than a kernel holds, and with both kinds
/// of division among threads.
constexpr Layer kLayers[] = {{1, 4, 4, 16, 32},     {1, 5, 7, 16, 64},     {3, 8, 8, 32, 32},
                             {2, 1, 9, 16, 32},     {1, 2, 3, 48, 96},     {1, 64, 64, 64, 64},
                             {1, 16, 16, 256, 256}, {2, 13, 30, 128, 128}, {7, 16, 12, 64, 128}};

struct Operands {
  explicit Operands(const Layer& layer) {
    at::manual_seed(layer.height * 31 + layer.outputs);
    const auto images = [](at::IntArrayRef size) {
      // Not at the beginning of its memory, and so not aligned to a vector.
      const at::Tensor values = at::randn({at::prod(at::tensor(size)).item<int64_t>() + 1}).slice(0, 1);
      return values.view({size[0], size[2], size[3], size[1]}).permute({0, 3, 1, 2});
    };
    input = images({layer.images, layer.inputs, layer.height, layer.width});
    residual = images({layer.images, layer.outputs, layer.height, layer.width});
    weight = at::randn({layer.outputs, layer.inputs, 3, 3}) *
             std::sqrt(2.0 / static_cast<double>(9 * layer.inputs));
    bias = at::randn({layer.outputs});
  }
  /// In double precision.
  at::Tensor expected() const {
    return at::conv2d(input.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), 1, 1);
  }
  at::Tensor input, residual, weight, bias;
};

/// The largest error, compared with the largest value.
double error(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

constexpr double kTolerance = 2e-5;

/// Sets the number of threads for its lifetime.
class Threads {
 public:
  explicit Threads(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

TEST("Winograd's convolution is the direct one, on every instruction set of this processor") {
  for (const cpu::WinogradKernels& kernels : cpu::winograd_kernels()) {
    for (const Layer& layer : kLayers) {
      const Operands given(layer);
      const WinogradConvolution convolution(given.weight, given.bias, kernels);
      const at::Tensor expected = given.expected();
      const at::Tensor plain = convolution.convolve(given.input, false);
      EXPECT(plain.sizes() == expected.sizes() && plain.is_contiguous(at::MemoryFormat::ChannelsLast));
      EXPECT(error(plain, expected) < kTolerance, error(plain, expected));
      EXPECT(at::equal(convolution.convolve(given.input, true), plain.relu()));
      const at::Tensor sum = convolution.convolve_residual(given.input, given.residual.clone());
      EXPECT(error(sum, (expected + given.residual).relu()) < kTolerance);
    }
  }
}

TEST("Winograd's convolution overwrites the residual, and nothing else") {
  const Operands given({2, 7, 6, 32, 32});
  const WinogradConvolution convolution(given.weight, given.bias);
  const at::Tensor input = given.input.clone();
  const at::Tensor residual = given.residual.clone();
  const at::Tensor sum = convolution.convolve_residual(given.input, residual);
  EXPECT(sum.data_ptr() == residual.data_ptr());
  EXPECT(at::equal(given.input, input));
}

TEST(
    "an image's result by Winograd depends neither on its batch, nor on threads, nor on the instruction "
    "set") {
  for (const Layer& layer : kLayers) {
    const Operands given(layer);
    const at::Tensor together = WinogradConvolution(given.weight, given.bias).convolve(given.input, false);
    for (const cpu::WinogradKernels& kernels : cpu::winograd_kernels()) {
      const WinogradConvolution convolution(given.weight, given.bias, kernels);
      for (const int threads : {1, 2, 5}) {
        const Threads set(threads);
        EXPECT(at::equal(convolution.convolve(given.input, false), together),
               layer.height << " x " << layer.width << " on " << threads);
        for (int64_t i = 0; i < layer.images; ++i) {
          const at::Tensor alone = convolution.convolve(given.input.slice(0, i, i + 1), false);
          EXPECT(at::equal(alone, together.slice(0, i, i + 1)),
                 layer.height << " x " << layer.width << " on " << threads);
        }
      }
    }
  }
}

TEST("Winograd's convolution keeps a NaN in the tiles that read it") {
  const Operands given({1, 16, 16, 16, 32});
  given.input[0][3][9][2].fill_(NAN);
  const at::Tensor output = WinogradConvolution(given.weight, given.bias).convolve(given.input, true);
  EXPECT(output.isnan().slice(2, 8, 12).slice(3, 0, 4).all().item<bool>());
  EXPECT(!output.isnan().slice(3, 8).any().item<bool>());
}

TEST("Winograd is used where the weight is small beside the image, and for whole vectors of channels") {
  if (cpu::winograd_kernels().empty()) return;
  const auto suits = [](int64_t channels, int64_t size) {
    return WinogradConvolution::suits(at::zeros({channels, channels, 3, 3}), size, size);
  };
  EXPECT(suits(64, 64) && suits(256, 16) && suits(512, 16));
  EXPECT(!suits(512, 8) && !suits(24, 64));
  EXPECT(!WinogradConvolution::suits(at::zeros({64, 64, 3, 3}, at::kBFloat16), 64, 64));
}

}  // namespace reverse_distillation::test::winograd_test
