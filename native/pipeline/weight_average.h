#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "pipeline/tensor_state.h"

namespace reverse_distillation {

/// An exponential moving average of weights and of batch norms' statistics (Polyak & Juditsky 1992; Tarvainen
/// & Valpola 2017): after step t the average keeps min(0.98, t / (t + 10)) of itself. Single steps swing
/// around what they approach; their average does not. Counters are not averaged.
///
/// While it trains, a model has the trained values; at any other time it has the average.
class WeightAverage {
 public:
  /// members: of the model, whose memory they share. The average begins as their values.
  explicit WeightAverage(const std::vector<NamedTensor>& members);

  /// Takes in the model's values after a step, counted from 1.
  void update(int64_t step);

  /// What the model does not have at present, under the model's names. Shares its memory.
  const std::vector<NamedTensor>& others() const { return others_; }

  /// Gives the model the trained values for as long as it lives.
  class Training {
   public:
    explicit Training(WeightAverage& average) : average_(average) { average_.exchange(); }
    ~Training() { average_.exchange(); }
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

   private:
    WeightAverage& average_;
  };

 private:
  void exchange();

  std::vector<at::Tensor> model_;
  std::vector<NamedTensor> others_;  ///< In the same order.
};

}  // namespace reverse_distillation
