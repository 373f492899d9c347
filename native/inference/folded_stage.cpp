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
      folded.units.back().take_bias(*folded.shortcut);
    }
    blocks_.push_back(std::move(folded));
  }
}

at::Tensor FoldedStage::run(const at::Tensor& input) {
  at::Tensor x = input;
  for (Block& block : blocks_) {
    at::Tensor residual = block.shortcut ? block.shortcut->run(x, Activation::kNone) : x;
    for (size_t i = 0; i + 1 < block.units.size(); ++i) x = block.units[i].run(x, Activation::kRelu);
    x = block.units.back().run_residual(x, std::move(residual));
  }
  return x;
}

}  // namespace reverse_distillation
