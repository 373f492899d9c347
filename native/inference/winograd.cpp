#include "inference/winograd.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace reverse_distillation {

namespace {

/// Bytes of transformed weight that a tile of one image may bring with it. Beyond, reading the weight takes
/// longer than the saved multiplications. Measured in docs/decisions/0110-winograd-convolutions.md.
constexpr int64_t kMostWeightPerTile = 5 << 19;

/// Tiles that are transformed at a time, per 64 input channels. More, and they leave the cache; fewer, and
/// the weight is read too often, the more so the larger it is.
constexpr int64_t kTilesAtOnce = 24;
constexpr int64_t kMostTilesAtOnce = 192;

int64_t transformed_bytes(const at::Tensor& weight) {
  return cpu::kPlaces * weight.size(0) * weight.size(1) * static_cast<int64_t>(sizeof(float));
}

/// G weight G^T in double precision: [C', C, 3, 3] to [C', C, 6, 6].
at::Tensor transformed(const at::Tensor& weight) {
  const at::Tensor g = at::tensor({1.0 / 4, 0.0, 0.0,             //
                                   -1.0 / 6, -1.0 / 6, -1.0 / 6,  //
                                   -1.0 / 6, 1.0 / 6, -1.0 / 6,   //
                                   1.0 / 24, 1.0 / 12, 1.0 / 6,   //
                                   1.0 / 24, -1.0 / 12, 1.0 / 6,  //
                                   0.0, 0.0, 1.0},
                                  at::kDouble)
                           .view({6, 3});
  return at::matmul(at::matmul(g, weight.to(at::kDouble)), g.t());
}

int64_t quotient_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

/// The part of 0 to `count` that falls to one of several.
struct Share {
  Share(int64_t count, int64_t index, int64_t shares)
      : begin(count * index / shares), end(count * (index + 1) / shares) {}
  int64_t size() const { return end - begin; }
  int64_t begin, end;
};

}  // namespace

bool WinogradConvolution::suits(const at::Tensor& weight, int64_t height, int64_t width) {
  if (cpu::winograd_kernels().empty() || weight.scalar_type() != at::kFloat) return false;
  const cpu::WinogradKernels& kernels = cpu::winograd_kernels().front();
  if (weight.size(0) % kernels.panel != 0 || weight.size(1) % kernels.lanes != 0) return false;
  const cpu::TileGrid grid{1, height, width};
  return transformed_bytes(weight) <= grid.tiles() * kMostWeightPerTile;
}

WinogradConvolution::WinogradConvolution(const at::Tensor& weight, at::Tensor bias,
                                         const cpu::WinogradKernels& kernels)
    : kernels_(&kernels),
      inputs_(weight.size(1)),
      outputs_(weight.size(0)),
      weight_(transformed(weight)
                  .permute({2, 3, 0, 1})
                  .reshape({cpu::kPlaces, outputs_ / kernels.panel, kernels.panel, inputs_})
                  .transpose(2, 3)
                  .to(at::kFloat)
                  .contiguous()),
      bias_(std::move(bias)),
      zeros_(at::zeros({inputs_})) {}

at::Tensor WinogradConvolution::convolve(const at::Tensor& input, bool relu) const {
  at::Tensor output = at::empty({input.size(0), outputs_, input.size(2), input.size(3)},
                                input.options().memory_format(at::MemoryFormat::ChannelsLast));
  run(input, nullptr, relu, output);
  return output;
}

at::Tensor WinogradConvolution::convolve_residual(const at::Tensor& input, at::Tensor residual) const {
  run(input, residual.const_data_ptr<float>(), true, residual);
  return residual;
}

void WinogradConvolution::run(const at::Tensor& input, const float* residual, bool relu,
                              at::Tensor& output) const {
  const cpu::TileGrid grid{input.size(0), input.size(2), input.size(3)};
  const int64_t tiles = grid.tiles();
  const int64_t panel = kernels_->panel;
  const int64_t panels = outputs_ / panel;
  // Each thread works on tiles of its own, or, if they are few, on some of the output channels of the same
  // tiles: it then transforms these once more, which is cheaper than to wait for others.
  const int64_t threads = at::get_num_threads();
  const int64_t tile_shares = std::clamp<int64_t>(tiles / kTilesAtOnce, 1, threads);
  const int64_t channel_shares = std::min(panels, quotient_up(threads, tile_shares));

  const int64_t at_once = std::min(kTilesAtOnce * std::max<int64_t>(1, inputs_ / 64), kMostTilesAtOnce);
  const int64_t wave = std::min(at_once, quotient_up(tiles, tile_shares));
  const int64_t most_outputs = quotient_up(panels, channel_shares) * panel;
  const int64_t scratch_size = cpu::kPlaces * wave * (inputs_ + most_outputs);
  const at::Tensor scratch = at::empty({tile_shares * channel_shares, scratch_size});

  const at::Tensor images = input.contiguous(at::MemoryFormat::ChannelsLast);
  const float* const from = images.const_data_ptr<float>();
  const float* const weight = weight_.const_data_ptr<float>();
  const float* const zeros = zeros_.const_data_ptr<float>();
  float* const memory = scratch.mutable_data_ptr<float>();
  const cpu::TileOutput to{bias_.const_data_ptr<float>(), residual, relu, output.mutable_data_ptr<float>(),
                           outputs_};
  at::parallel_for(0, tile_shares * channel_shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t share = begin; share < end; ++share) {
      const Share own_tiles(tiles, share / channel_shares, tile_shares);
      const Share own_panels(panels, share % channel_shares, channel_shares);
      const int64_t channels = own_panels.size() * panel;
      float* const products = memory + share * scratch_size;
      float* const values = products + cpu::kPlaces * wave * channels;
      for (int64_t first = own_tiles.begin; first < own_tiles.end; first += wave) {
        const int64_t count = std::min(wave, own_tiles.end - first);
        kernels_->transform_input(from, grid, zeros, first, first + count,
                                  {values, count * inputs_, inputs_});
        for (int64_t place = 0; place < cpu::kPlaces; ++place) {
          for (int64_t p = own_panels.begin; p < own_panels.end; ++p) {
            kernels_->multiply(
                values + place * count * inputs_, weight + (place * panels + p) * inputs_ * panel, count,
                inputs_, products + place * count * channels + (p - own_panels.begin) * panel, channels);
          }
        }
        kernels_->transform_output({products, count * channels, channels}, grid, first, first + count,
                                   own_panels.begin * panel, to);
      }
    }
  });
}

}  // namespace reverse_distillation
