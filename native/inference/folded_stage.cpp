#include "inference/folded_stage.h"

namespace reverse_distillation {

FoldedStage::FoldedStage(const torch::nn::Sequential& stage, at::ScalarType dtype) {
  for (const auto& child : stage->children()) {
    const auto& block = *child->as<ResidualBlockImpl>();
    Block folded;
    for (const ResidualBlockImpl::Unit& unit : block.units()) {
      folded.units.emplace_back(*unit.convolution.ptr(), *unit.norm, dtype);
    }
    if (!block.shortcut().is_empty()) {
      const auto parts = block.shortcut()->children();
      folded.shortcut.emplace(*parts[0], *parts[1]->as<torch::nn::BatchNorm2dImpl>(), dtype);
      FoldedConvolution& last = folded.units.back();
      if (last.is_on_gpu()) last.take_over_bias_of(*folded.shortcut);
    }
    blocks_.push_back(std::move(folded));
  }
}

at::Tensor FoldedStage::run(const at::Tensor& input) {
  at::Tensor x = input;
  for (Block& block : blocks_) {
    at::Tensor residual = x;
    x = block.units.front().prepared(x);
    if (block.shortcut) residual = block.shortcut->run(x, Activation::kNone);
    for (size_t i = 0; i + 1 < block.units.size(); ++i) {
      x = block.units[i].run(x, Activation::kRelu, &block.units[i + 1]);
    }
    x = block.units.back().run_residual(x, std::move(residual));
  }
  return x;
}

void FoldedStage::list(std::vector<FoldedConvolution*>& convolutions) {
  for (Block& block : blocks_) {
    for (FoldedConvolution& unit : block.units) convolutions.push_back(&unit);
    if (block.shortcut) convolutions.push_back(&*block.shortcut);
  }
}

}  // namespace reverse_distillation
