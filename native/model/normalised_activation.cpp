#include "model/normalised_activation.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cancel_token.h"
#include "core/dispatch_dtype.h"
#include "model/norm_kernels.h"

namespace reverse_distillation {

namespace {

constexpr at::MemoryFormat kRows = at::MemoryFormat::ChannelsLast;

struct Shape {
  explicit Shape(const at::Tensor& x) : rows(x.numel() / x.size(1)), channels(x.size(1)) {}
  int64_t rows;
  int64_t channels;
};

/// Two sums per channel.
struct Sums {
  std::vector<double> first;
  std::vector<double> second;
};

/// Splits the rows into one part per thread: `work(part, first row, count)`.
template <typename Work>
void for_parts(const Shape& shape, int64_t parts, const Work& work) {
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = shape.rows * part / parts;
      work(part, first, shape.rows * (part + 1) / parts - first);
    }
  });
}

/// Sums over all rows, always in the same order: `add(first row, count, sums, second sums)` adds the sums of
/// some rows.
template <typename Add>
Sums sum_rows(const Shape& shape, const Add& add) {
  const auto channels = static_cast<size_t>(shape.channels);
  const int64_t parts = at::get_num_threads();
  std::vector<double> partial(2 * channels * static_cast<size_t>(parts), 0.0);
  for_parts(shape, parts, [&](int64_t part, int64_t first, int64_t count) {
    double* const sums = partial.data() + 2 * channels * static_cast<size_t>(part);
    add(first, count, sums, sums + channels);
  });
  Sums total = {std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
  for (size_t part = 0; part < static_cast<size_t>(parts); ++part) {
    for (size_t c = 0; c < channels; ++c) {
      total.first[c] += partial[2 * channels * part + c];
      total.second[c] += partial[2 * channels * part + channels + c];
    }
  }
  return total;
}

/// Mean and 1 / sqrt(variance + eps) of a batch, float32 [2, C]. Updates the running statistics.
at::Tensor take_statistics(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x) {
  const Shape shape(x);
  at::Tensor statistics = at::empty({2, shape.channels}, x.options().dtype(at::kFloat));
  float* const mean = statistics.data_ptr<float>();
  float* const deviation = mean + shape.channels;
  const auto momentum = static_cast<float>(norm.options.momentum().value());
  float* const running_mean = norm.running_mean.data_ptr<float>();
  float* const running_variance = norm.running_var.data_ptr<float>();
  cpu::dispatch_dtype(x.scalar_type(), [&](auto* element) {
    const auto* xp = static_cast<decltype(element)>(x.data_ptr());
    std::vector<float> shift(static_cast<size_t>(shape.channels));
    for (size_t c = 0; c < shift.size(); ++c) shift[c] = cpu::load(xp[c]);
    const Sums sums = sum_rows(shape, [&](int64_t first, int64_t count, double* sum, double* squares) {
      cpu::norm_sums(xp + first * shape.channels, shift.data(), count, shape.channels, sum, squares);
    });
    const auto rows = static_cast<double>(shape.rows);
    for (size_t c = 0; c < shift.size(); ++c) {
      const double centred = sums.first[c] / rows;
      const double variance = std::max(0.0, sums.second[c] / rows - centred * centred);
      mean[c] = static_cast<float>(static_cast<double>(shift[c]) + centred);
      deviation[c] = static_cast<float>(1.0 / std::sqrt(variance + norm.options.eps()));
      const auto unbiased = static_cast<float>(variance * rows / (rows - 1.0));
      running_mean[c] = (1.0F - momentum) * running_mean[c] + momentum * mean[c];
      running_variance[c] = (1.0F - momentum) * running_variance[c] + momentum * unbiased;
    }
  });
  norm.num_batches_tracked.add_(1);
  return statistics;
}

/// residual: an empty tensor if there is none, since autograd functions accept no undefined tensors.
class NormalisedActivation : public torch::autograd::Function<NormalisedActivation> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
                            torch::nn::BatchNorm2dImpl* norm, bool relu) {
    const Shape shape(x);
    const at::Tensor statistics = take_statistics(*norm, x);
    const at::Tensor scale = weight * statistics[1];
    const cpu::NormValue by = {statistics.data_ptr<float>(), scale.data_ptr<float>(), bias.data_ptr<float>()};
    const bool has_residual = residual.numel() > 0;
    at::Tensor y = at::empty_like(x, kRows);
    cpu::dispatch_dtype(x.scalar_type(), [&](auto* element) {
      using Pointer = decltype(element);
      const auto* xp = static_cast<Pointer>(x.data_ptr());
      const auto* rp = has_residual ? static_cast<Pointer>(residual.data_ptr()) : nullptr;
      auto* yp = static_cast<Pointer>(y.data_ptr());
      for_parts(shape, at::get_num_threads(), [&](int64_t, int64_t first, int64_t count) {
        const int64_t at = first * shape.channels;
        cpu::norm_apply(xp + at, by, rp ? rp + at : nullptr, relu, count, shape.channels, yp + at);
      });
    });
    ctx->save_for_backward({x, relu ? y : at::Tensor(), weight, statistics});
    ctx->saved_data["residual"] = has_residual;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list gradients) {
    throw_if_cancelled();
    const torch::autograd::variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1], &weight = saved[2];
    const at::Tensor mean = saved[3][0], deviation = saved[3][1];
    const bool has_residual = ctx->saved_data["residual"].toBool();
    const at::Tensor gradient = gradients[0].contiguous(kRows);
    const Shape shape(x);
    at::Tensor dx = at::empty_like(x, kRows);
    at::Tensor passed;
    if (has_residual) passed = y.defined() ? at::empty_like(x, kRows) : gradient;
    at::Tensor weight_gradient, bias_gradient;
    cpu::dispatch_dtype(x.scalar_type(), [&](auto* element) {
      using Pointer = decltype(element);
      const auto* gp = static_cast<Pointer>(gradient.data_ptr());
      const auto* yp = y.defined() ? static_cast<Pointer>(y.data_ptr()) : nullptr;
      const auto* xp = static_cast<Pointer>(x.data_ptr());
      auto* dxp = static_cast<Pointer>(dx.data_ptr());
      auto* pp = has_residual && yp ? static_cast<Pointer>(passed.data_ptr()) : nullptr;
      const auto moved = [](auto* pointer, int64_t by) { return pointer ? pointer + by : pointer; };
      const Sums sums = sum_rows(shape, [&](int64_t first, int64_t count, double* sum, double* products) {
        const int64_t at = first * shape.channels;
        cpu::norm_gradient_sums(gp + at, moved(yp, at), xp + at, mean.data_ptr<float>(), count,
                                shape.channels, sum, products);
      });
      const auto as_tensor = [&](const std::vector<double>& values) {
        return at::tensor(values, at::kDouble).to(at::kFloat);
      };
      bias_gradient = as_tensor(sums.first);
      const at::Tensor products = as_tensor(sums.second);
      weight_gradient = products * deviation;
      const auto rows = static_cast<double>(shape.rows);
      const at::Tensor by_gradient = weight * deviation;
      const at::Tensor by_x = by_gradient * deviation.square() * products / -rows;
      const at::Tensor offset = by_gradient * bias_gradient / -rows;
      const cpu::NormGradient by = {by_gradient.data_ptr<float>(), by_x.data_ptr<float>(),
                                    mean.data_ptr<float>(), offset.data_ptr<float>()};
      for_parts(shape, at::get_num_threads(), [&](int64_t, int64_t first, int64_t count) {
        const int64_t at = first * shape.channels;
        cpu::norm_gradient_apply(gp + at, moved(yp, at), xp + at, by, count, shape.channels, dxp + at,
                                 moved(pp, at));
      });
    });
    return {dx, passed, weight_gradient, bias_gradient, {}, {}};
  }
};

/// Whether the kernels in this file support the arguments.
bool has_kernel(const torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x, const at::Tensor& residual) {
  const auto fits = [&](const at::Tensor& tensor) {
    return tensor.scalar_type() == x.scalar_type() && tensor.sizes() == x.sizes() &&
           tensor.is_contiguous(kRows);
  };
  const bool known_dtype = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return x.is_cpu() && known_dtype && norm.is_training() && at::GradMode::is_enabled() && fits(x) &&
         (!residual.defined() || fits(residual)) && x.numel() > x.size(1) &&
         norm.options.momentum().has_value();
}

}  // namespace

at::Tensor normalised_activation(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x, bool relu,
                                 const at::Tensor& residual) {
  throw_if_cancelled();
  if (has_kernel(norm, x, residual)) {
    const at::Tensor added = residual.defined() ? residual : at::empty({0}, x.options());
    return NormalisedActivation::apply(x, added, norm.weight, norm.bias, &norm, relu);
  }
  at::Tensor y = norm.forward(x);
  if (residual.defined()) y += residual;
  return relu ? y.relu_() : y;
}

}  // namespace reverse_distillation
