#pragma once

// The operators' equations as plain loops in double precision, written from the method and independent of the
// kernels.

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace reverse_distillation::test {

/// Eq. (1) for one pair [N, C, H, W] -> double [N, H, W].
inline at::Tensor naive_cosine_map(const at::Tensor& teacher, const at::Tensor& student) {
  const at::Tensor t = teacher.to(at::kDouble).contiguous();
  const at::Tensor s = student.to(at::kDouble).contiguous();
  at::Tensor map = at::empty({t.size(0), t.size(2), t.size(3)}, at::kDouble);
  const auto ta = t.accessor<double, 4>();
  const auto sa = s.accessor<double, 4>();
  auto ma = map.accessor<double, 3>();
  for (int64_t n = 0; n < t.size(0); ++n) {
    for (int64_t y = 0; y < t.size(2); ++y) {
      for (int64_t x = 0; x < t.size(3); ++x) {
        double tt = 0.0;
        double ss = 0.0;
        double ts = 0.0;
        for (int64_t c = 0; c < t.size(1); ++c) {
          tt += ta[n][c][y][x] * ta[n][c][y][x];
          ss += sa[n][c][y][x] * sa[n][c][y][x];
          ts += ta[n][c][y][x] * sa[n][c][y][x];
        }
        ma[n][y][x] = 1.0 - ts / (std::fmax(std::sqrt(tt), 1e-8) * std::fmax(std::sqrt(ss), 1e-8));
      }
    }
  }
  return map;
}

/// Gradient of sum(grad * map) with respect to the student, by central differences of `naive_cosine_map`.
inline at::Tensor naive_cosine_gradient(const at::Tensor& grad, const at::Tensor& teacher,
                                        const at::Tensor& student) {
  const at::Tensor t = teacher.to(at::kDouble);
  at::Tensor s = student.to(at::kDouble).contiguous().clone();
  const at::Tensor g = grad.to(at::kDouble);
  at::Tensor gradient = at::empty_like(s);
  double* const values = s.data_ptr<double>();
  double* const out = gradient.data_ptr<double>();
  const double step = 1e-5;
  for (int64_t i = 0; i < s.numel(); ++i) {
    const double value = values[i];
    values[i] = value + step;
    const double above = (naive_cosine_map(t, s) * g).sum().item<double>();
    values[i] = value - step;
    const double below = (naive_cosine_map(t, s) * g).sum().item<double>();
    values[i] = value;
    out[i] = (above - below) / (2.0 * step);
  }
  return gradient;
}

/// Bilinear resize with aligned corners of maps [N, h, w] to [N, height, width], summed; double.
inline at::Tensor naive_upsample_sum(const std::vector<at::Tensor>& maps, int64_t height, int64_t width) {
  at::Tensor sum = at::zeros({maps[0].size(0), height, width}, at::kDouble);
  auto out = sum.accessor<double, 3>();
  const auto place = [](int64_t i, int64_t from, int64_t to) {
    return to > 1 ? static_cast<double>(i) * static_cast<double>(from - 1) / static_cast<double>(to - 1)
                  : 0.0;
  };
  for (const at::Tensor& given : maps) {
    const at::Tensor map = given.to(at::kDouble).contiguous();
    const auto in = map.accessor<double, 3>();
    for (int64_t n = 0; n < sum.size(0); ++n) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const double sy = place(y, map.size(1), height);
          const double sx = place(x, map.size(2), width);
          const auto y0 = static_cast<int64_t>(std::floor(sy));
          const auto x0 = static_cast<int64_t>(std::floor(sx));
          const int64_t y1 = std::min(y0 + 1, map.size(1) - 1);
          const int64_t x1 = std::min(x0 + 1, map.size(2) - 1);
          const double wy = sy - static_cast<double>(y0);
          const double wx = sx - static_cast<double>(x0);
          out[n][y][x] += (1 - wy) * ((1 - wx) * in[n][y0][x0] + wx * in[n][y0][x1]) +
                          wy * ((1 - wx) * in[n][y1][x0] + wx * in[n][y1][x1]);
        }
      }
    }
  }
  return sum;
}

/// The two-dimensional Gaussian, not separated, over maps [N, H, W] extended by walking back and forth;
/// double.
inline at::Tensor naive_gaussian_blur(const at::Tensor& maps, double sigma) {
  const at::Tensor input = maps.to(at::kDouble).contiguous();
  at::Tensor output = at::zeros_like(input);
  const auto in = input.accessor<double, 3>();
  auto out = output.accessor<double, 3>();
  const auto radius = static_cast<int64_t>(4.0 * sigma + 0.5);
  const auto walk = [](int64_t i, int64_t size) {
    while (i < 0 || i >= size) i = i < 0 ? -1 - i : 2 * size - 1 - i;
    return i;
  };
  double total = 0.0;
  for (int64_t dy = -radius; dy <= radius; ++dy) {
    for (int64_t dx = -radius; dx <= radius; ++dx) {
      const double weight = std::exp(-static_cast<double>(dy * dy + dx * dx) / (2.0 * sigma * sigma));
      total += weight;
      for (int64_t n = 0; n < input.size(0); ++n) {
        for (int64_t y = 0; y < input.size(1); ++y) {
          for (int64_t x = 0; x < input.size(2); ++x) {
            out[n][y][x] += weight * in[n][walk(y + dy, input.size(1))][walk(x + dx, input.size(2))];
          }
        }
      }
    }
  }
  return output / total;
}

/// Antialiased bilinear resize of one uint8 channel [h, w], as PIL defines it: a triangle filter whose
/// support grows with the reduction, centred on pixel centres, truncated at the borders and renormalised;
/// double, not rounded.
inline at::Tensor naive_resize(const at::Tensor& channel, int64_t height, int64_t width) {
  const auto along_rows = [](const at::Tensor& input, int64_t size) {
    const int64_t from = input.size(0);
    const double scale = static_cast<double>(from) / static_cast<double>(size);
    const double support = std::fmax(scale, 1.0);
    std::vector<at::Tensor> rows;
    for (int64_t i = 0; i < size; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      at::Tensor row = at::zeros({input.size(1)}, at::kDouble);
      double total = 0.0;
      for (int64_t j = 0; j < from; ++j) {
        const double weight = 1.0 - std::fabs((static_cast<double>(j) + 0.5 - centre) / support);
        if (weight <= 0.0) continue;
        row += weight * input[j];
        total += weight;
      }
      rows.push_back(row / total);
    }
    return at::stack(rows);
  };
  return along_rows(along_rows(channel.to(at::kDouble), height).t(), width).t();
}

}  // namespace reverse_distillation::test
