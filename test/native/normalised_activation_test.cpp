#include "model/normalised_activation.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/batchnorm.h>

#include "harness.h"

namespace reverse_distillation::test::normalised_activation_test {

namespace {

/// All inputs, identical for both ways of computing.
struct Inputs {
  at::Tensor x;
  at::Tensor residual;
  torch::nn::BatchNorm2d norm{nullptr};

  Inputs(at::IntArrayRef sizes, at::ScalarType dtype, bool with_residual) {
    at::manual_seed(3);
    const auto make = [&] {
      // A mean far from 0 costs sums of squares their digits.
      return (at::randn(sizes) * 2.0 + 30.0).to(dtype).contiguous(at::MemoryFormat::ChannelsLast);
    };
    x = make().requires_grad_();
    if (with_residual) residual = (make() - 30.0).detach().requires_grad_();
    norm = torch::nn::BatchNorm2d(sizes[1]);
    const torch::NoGradGuard no_grad;
    norm->weight.uniform_(0.5, 1.5);
    norm->bias.uniform_(-0.5, 0.5);
  }
};

/// Computed by PyTorch's own operators, in float64.
at::Tensor plain(Inputs& inputs, bool relu) {
  inputs.norm->to(at::kDouble);
  at::Tensor y = inputs.norm->forward(inputs.x.to(at::kDouble));
  if (inputs.residual.defined()) y = y + inputs.residual.to(at::kDouble);
  return relu ? y.relu() : y;
}

void expect_equal(at::IntArrayRef sizes, at::ScalarType dtype, bool relu, bool with_residual) {
  Inputs ours(sizes, dtype, with_residual), expected(sizes, dtype, with_residual);
  const at::Tensor y = normalised_activation(*ours.norm, ours.x, relu, ours.residual);
  const at::Tensor wanted = plain(expected, relu);
  // An element whose sign depends on rounding has no gradient to compare.
  const at::Tensor decided = (wanted.abs() > 1e-2).to(at::kDouble);
  const at::Tensor gradient = at::randn(sizes).to(dtype) * decided.to(dtype);
  y.backward(gradient.contiguous(at::MemoryFormat::ChannelsLast));
  wanted.backward(gradient.to(at::kDouble));

  const double near = dtype == at::kFloat ? 2e-5 : 2e-2;
  const auto compare = [&](const at::Tensor& found, const at::Tensor& right, double scale) {
    EXPECT_CLOSE(found.to(at::kDouble), right.to(at::kDouble), near * scale, near);
  };
  EXPECT(y.scalar_type() == dtype);
  EXPECT(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  compare(y, wanted, 1.0);
  compare(ours.x.grad(), expected.x.grad(), 1.0);
  if (with_residual) compare(ours.residual.grad(), expected.residual.grad(), 1.0);
  const double rows = static_cast<double>(y.numel() / y.size(1));
  compare(ours.norm->weight.grad(), expected.norm->weight.grad(), std::sqrt(rows));
  compare(ours.norm->bias.grad(), expected.norm->bias.grad(), std::sqrt(rows));
  compare(ours.norm->running_mean, expected.norm->running_mean, 1.0);
  compare(ours.norm->running_var, expected.norm->running_var, 1.0);
  EXPECT(ours.norm->num_batches_tracked.item<int64_t>() == 1);
}

}  // namespace

TEST("a normalised activation and its gradients equal those of separate batch norm, sum and ReLU") {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const bool relu : {true, false}) {
      for (const bool residual : {true, false}) {
        expect_equal({3, 64, 20, 30}, dtype, relu, residual);
        expect_equal({2, 70, 5, 7}, dtype, relu, residual);
        expect_equal({12, 256, 1, 1}, dtype, relu, residual);
      }
    }
  }
}

TEST("a normalised activation goes through PyTorch's operators if it has no kernel") {
  Inputs inputs({2, 8, 4, 4}, at::kFloat, /*with_residual=*/true);
  const at::Tensor first = inputs.x.detach().contiguous();
  const at::Tensor y = normalised_activation(*inputs.norm, first, true, inputs.residual);
  Inputs expected({2, 8, 4, 4}, at::kFloat, /*with_residual=*/true);
  EXPECT_CLOSE(y, plain(expected, true).to(at::kFloat), 2e-5, 2e-5);
  inputs.norm->eval();
  const at::Tensor before = inputs.norm->running_mean.clone();
  const at::Tensor scored = normalised_activation(*inputs.norm, inputs.x, true);
  EXPECT(at::equal(before, inputs.norm->running_mean), "eval mode moves no statistics");
  EXPECT_CLOSE(scored, inputs.norm->forward(inputs.x).relu(), 0.0, 0.0);
}

TEST("a normalised activation repeats to the bit") {
  const auto run = [] {
    Inputs inputs({4, 64, 32, 32}, at::kFloat, /*with_residual=*/true);
    const at::Tensor y = normalised_activation(*inputs.norm, inputs.x, true, inputs.residual);
    y.sum().backward();
    return std::vector<at::Tensor>{y.detach(), inputs.x.grad(), inputs.norm->weight.grad()};
  };
  const std::vector<at::Tensor> first = run(), second = run();
  for (size_t i = 0; i < first.size(); ++i) EXPECT(at::equal(first[i], second[i]), "tensor " << i);
}

TEST("one value per channel cannot be normalised, and the error says so") {
  Inputs inputs({1, 8, 1, 1}, at::kFloat, /*with_residual=*/false);
  EXPECT_THROWS(normalised_activation(*inputs.norm, inputs.x, true), "more than 1 value per channel");
}

}  // namespace reverse_distillation::test::normalised_activation_test
