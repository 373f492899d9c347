// How long the operators take between the networks and the map, for one image: prints a JSON object of the
// median seconds of each.
//
//   reverse_distillation_benchmark <expansion> <size> <rounds>
//
// expansion: 1 for the features of resnet18 and resnet34, 4 for those of the 50-layer nets. size: of the
// image, in pixels.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "ops/ops.h"

namespace {

using reverse_distillation::cosine_map;
using reverse_distillation::gaussian_blur;
using reverse_distillation::upsample_sum;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<at::Tensor> features(int64_t expansion, int64_t size) {
  std::vector<at::Tensor> scales;
  for (int64_t k = 0; k < 3; ++k) {
    const int64_t side = size >> (k + 2);
    scales.push_back(at::randn({1, (int64_t{64} << k) * expansion, side, side})
                         .contiguous(at::MemoryFormat::ChannelsLast));
  }
  return scales;
}

/// Against ATen's own operators; Gaussian smoothing, which ATen lacks, must keep a constant.
void require_right_answers(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student,
                           int64_t size) {
  const std::vector<at::Tensor> distances = cosine_map(teacher, student);
  at::Tensor combined = at::zeros({1, size, size});
  for (size_t k = 0; k < distances.size(); ++k) {
    const at::Tensor expected = 1.0 - at::cosine_similarity(teacher[k], student[k], 1);
    TORCH_CHECK(at::allclose(distances[k], expected, 1e-5, 1e-5), "cosine_map is wrong at scale ", k + 1);
    combined += at::upsample_bilinear2d(expected.unsqueeze(1), {size, size}, true).squeeze(1);
  }
  TORCH_CHECK(at::allclose(upsample_sum(distances, size, size), combined, 1e-5, 1e-5),
              "upsample_sum is wrong");
  const at::Tensor constant = at::full({1, size, size}, 0.7);
  TORCH_CHECK(at::allclose(gaussian_blur(constant, 4.0), constant, 1e-5, 1e-5), "gaussian_blur is wrong");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: reverse_distillation_benchmark <expansion> <size> <rounds>" << std::endl;
    return 2;
  }
  const int64_t expansion = std::atoll(argv[1]);
  const int64_t size = std::atoll(argv[2]);
  const int rounds = std::atoi(argv[3]);
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> teacher = features(expansion, size);
  const std::vector<at::Tensor> student = features(expansion, size);

  require_right_answers(teacher, student, size);

  std::map<std::string, std::vector<double>> seconds;
  for (int round = -2; round < rounds; ++round) {
    std::vector<at::Tensor> distances;
    at::Tensor combined;
    at::Tensor score;
    const double cosine = seconds_of([&] { distances = cosine_map(teacher, student); });
    const double sum = seconds_of([&] { combined = upsample_sum(distances, size, size); });
    const double blur = seconds_of([&] { score = gaussian_blur(combined, 4.0).flatten(1).amax(1); });
    if (round < 0) continue;  // Warm-up.
    seconds["cosine_map"].push_back(cosine);
    seconds["upsample_sum"].push_back(sum);
    seconds["blur_and_maximum"].push_back(blur);
    seconds["all"].push_back(cosine + sum + blur);
  }
  std::cout << "{";
  const char* separator = "";
  for (const auto& [name, values] : seconds) {
    std::cout << separator << '"' << name << "\": " << median(values);
    separator = ", ";
  }
  std::cout << "}" << std::endl;
  return 0;
}
