#include "model/residual_stage.h"

#include "model/doubling_convolution.h"
#include "model/normalised_activation.h"

namespace reverse_distillation {

namespace nn = torch::nn;

nn::Conv2d make_convolution(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride) {
  return nn::Conv2d(
      nn::Conv2dOptions(in_channels, out_channels, kernel).stride(stride).padding(kernel / 2).bias(false));
}

namespace {

/// The 3x3 convolution of a block, or its replacement if the block resamples.
nn::AnyModule make_resampling(int64_t in_channels, int64_t out_channels, Resample resample) {
  if (resample == Resample::kDouble) return nn::AnyModule(DoublingConvolution(in_channels, out_channels));
  return nn::AnyModule(make_convolution(in_channels, out_channels, 3, resample == Resample::kHalve ? 2 : 1));
}

}  // namespace

ResidualBlockImpl::ResidualBlockImpl(const Backbone& backbone, int64_t in_channels, int64_t planes,
                                     Resample resample) {
  const int64_t out_channels = planes * backbone.expansion();
  if (backbone.bottleneck) {
    const int64_t width = planes * backbone.width_factor;
    add_unit(nn::AnyModule(make_convolution(in_channels, width, 1)), width);
    add_unit(make_resampling(width, width, resample), width);
    add_unit(nn::AnyModule(make_convolution(width, out_channels, 1)), out_channels);
  } else {
    add_unit(make_resampling(in_channels, planes, resample), planes);
    add_unit(nn::AnyModule(make_convolution(planes, planes, 3)), planes);
  }
  if (resample == Resample::kDouble) {
    shortcut_ = register_module("upsample", nn::Sequential(DoublingConvolution(in_channels, out_channels),
                                                           nn::BatchNorm2d(out_channels)));
  } else if (resample == Resample::kHalve || in_channels != out_channels) {
    const int64_t stride = resample == Resample::kHalve ? 2 : 1;
    shortcut_ =
        register_module("downsample", nn::Sequential(make_convolution(in_channels, out_channels, 1, stride),
                                                     nn::BatchNorm2d(out_channels)));
  }
}

void ResidualBlockImpl::add_unit(nn::AnyModule convolution, int64_t channels) {
  const std::string number = std::to_string(units_.size() + 1);
  register_module("conv" + number, convolution.ptr());
  nn::BatchNorm2d norm = register_module("bn" + number, nn::BatchNorm2d(channels));
  units_.push_back({std::move(convolution), std::move(norm)});
}

at::Tensor ResidualBlockImpl::forward(const at::Tensor& input) {
  at::Tensor residual = input;
  if (!shortcut_.is_empty()) {
    auto& norm = *shortcut_->ptr(1)->as<nn::BatchNorm2dImpl>();
    residual = normalised_activation(norm, shortcut_->begin()->forward(input), /*relu=*/false);
  }
  at::Tensor x = input;
  for (Unit& unit : units_) {
    const bool last = &unit == &units_.back();
    x = normalised_activation(*unit.norm, unit.convolution.forward<at::Tensor>(x), /*relu=*/true,
                              last ? residual : at::Tensor());
  }
  return x;
}

nn::Sequential make_stage(const Backbone& backbone, int64_t in_channels, int64_t planes, int64_t blocks,
                          Resample resample) {
  nn::Sequential stage;
  stage->push_back(ResidualBlock(backbone, in_channels, planes, resample));
  for (int64_t i = 1; i < blocks; ++i) {
    stage->push_back(ResidualBlock(backbone, planes * backbone.expansion(), planes, Resample::kNone));
  }
  return stage;
}

}  // namespace reverse_distillation
