#include "ops/cuda/score.cuh"

#include <ATen/ATen.h>

#include <limits>

#include "device_tensor.h"
#include "harness.h"
#include "machine.h"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::test {

namespace {

__global__ void raise_kernel(const float* values, float* score) {
  cuda::raise_score(score, cuda::score_key(values[threadIdx.x]));
}

/// The score of `values`, each raised by one thread.
at::Tensor score_of(const at::Tensor& values) {
  const DeviceTensor device_values(values);
  const DeviceTensor score(1, at::kFloat);
  EXPECT(cuda::launch(raise_kernel, dim3(1), dim3(static_cast<unsigned>(values.numel())), 0, nullptr,
                      device_values.data<float>(), score.data<float>()) == cudaSuccess);
  return score.host();
}

const float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

/// In ascending order.
const std::vector<float> kNumbers = {-kInfinity, -3e38F, -2.0F,  -1.0F, -1e-38F, -1e-45F, -0.0F,
                                     0.0F,       1e-45F, 1e-38F, 1.0F,  2.0F,    3e38F,   kInfinity};

}  // namespace

TEST("a score is the greatest of any two numbers, whichever comes first") {
  for (size_t i = 0; i < kNumbers.size(); ++i) {
    for (size_t j = i; j < kNumbers.size(); ++j) {
      for (uint32_t seed = 0; seed < 4; ++seed) {
        cuda_emulation::Machine::instance().seed(seed);
        const at::Tensor score = score_of(at::tensor({kNumbers[i], kNumbers[j]}));
        const at::Tensor greatest = at::tensor({kNumbers[j]});
        EXPECT(at::equal(score.view(at::kInt), greatest.view(at::kInt)), score << " instead of " << greatest);
      }
    }
  }
}

TEST("a score is NaN if one of its values is, of either sign") {
  for (const float number : kNumbers) {
    for (const float nan : {kNaN, -kNaN}) {
      EXPECT(score_of(at::tensor({number, nan})).isnan().item<bool>());
      EXPECT(score_of(at::tensor({nan, number})).isnan().item<bool>());
    }
  }
}

TEST("keys are ordered like the numbers, and above the key of no score") {
  int before = cuda::kNoScoreKey;
  for (const float number : kNumbers) {
    EXPECT(cuda::score_key(number) > before, number);
    before = cuda::score_key(number);
  }
  EXPECT(cuda::score_key(kNaN) > before);
  EXPECT(cuda::score_key(-kNaN) > before);
}

TEST("a score that was never raised has all bits set") {
  const float none = cuda::no_score();
  EXPECT(__float_as_int(none) == -1);
}

}  // namespace reverse_distillation::test
