#pragma once

#include <cstdint>

namespace reverse_distillation {

/// The steps during which a learning rate falls.
struct Decay {
  int64_t begin;
  int64_t end;
};

/// Steps in which the learning rate rises first, unless a tenth of the training is less.
constexpr int64_t kWarmUpSteps = 20;

/// The share of the learning rate that is left at the end.
constexpr double kLeft = 1.0 / 50.0;

/// The learning rate of a step, from 0: it rises linearly over the first steps, stays, and falls as a cosine
/// does (Loshchilov & Hutter 2017) to a fiftieth from `decay.begin`, or the end of the rise if that is later,
/// to `decay.end`. It depends on nothing else, so that a resumed training goes on in the same way.
double learning_rate_at(int64_t step, double learning_rate, Decay decay);

}  // namespace reverse_distillation
