#include <ATen/ATen.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "pipeline/detector.h"
#include "pipeline/tensor_state.h"
#include "target.h"

namespace reverse_distillation::fuzz {

namespace {

/// The types that model files can hold.
constexpr at::ScalarType kTypes[] = {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16,
                                     at::kLong,   at::kInt,   at::kByte};

std::vector<int64_t> any_shape(FuzzedDataProvider& input) {
  std::vector<int64_t> shape(input.ConsumeIntegralInRange<size_t>(0, 5));
  for (int64_t& length : shape) length = input.ConsumeIntegralInRange<int64_t>(0, 4);
  return shape;
}

/// Some of the tensors that are wanted, and others; few have another shape or name.
std::vector<NamedTensor> any_state(FuzzedDataProvider& input, const std::vector<NamedTensor>& wanted) {
  std::vector<NamedTensor> state;
  for (const NamedTensor& entry : wanted) {
    if (input.ConsumeIntegralInRange(0, 31) == 1) continue;
    NamedTensor given = {entry.name, at::zeros(entry.tensor.sizes(), input.PickValueInArray(kTypes))};
    if (input.ConsumeIntegralInRange(0, 31) == 1) given.tensor = at::ones(any_shape(input));
    if (input.ConsumeIntegralInRange(0, 31) == 1) given.name = input.ConsumeRandomLengthString(80);
    state.push_back(std::move(given));
  }
  return state;
}

const Registration load("load-tensors", [](FuzzedDataProvider& input) {
  std::vector<NamedTensor> wanted;
  for (auto count = input.ConsumeIntegralInRange(0, 6); count > 0; --count) {
    const std::string name =
        input.ConsumeRandomLengthString(20) + (input.ConsumeBool() ? "num_batches_tracked" : "");
    wanted.push_back({name, at::ones(any_shape(input), input.PickValueInArray(kTypes))});
  }
  const std::vector<NamedTensor> state = any_state(input, wanted);
  load_tensors(wanted, "part", state);
});

/// A model of which nothing is trained, for targets that replace its weights.
Detector& model() {
  static Detector detector([] {
    ModelConfig config;
    config.height = config.width = 32;
    return config;
  }());
  return detector;
}

const Registration training_state("training-state", [](FuzzedDataProvider& input) {
  static const auto images = [] {
    const std::vector<uint8_t> pixels(32 * 32);
    ImageSet set({32, 32});
    for (int i = 0; i < 3; ++i) set.add({pixels.data(), 32, 32, 1});
    return std::make_shared<const ImageSet>(std::move(set));
  }();
  TrainingConfig config;
  config.epochs = input.ConsumeIntegralInRange<int64_t>(1, 3);
  config.batch_size = input.ConsumeIntegralInRange<int64_t>(1, 4);
  model().begin_training(images, config);
  std::vector<NamedTensor> state = model().training_state();
  for (NamedTensor& entry : state) {
    if (entry.name.find('.') != std::string::npos && input.ConsumeIntegralInRange(0, 31) != 1) continue;
    switch (input.ConsumeIntegralInRange(0, 5)) {
      case 0:
        entry.tensor = at::zeros(any_shape(input), input.PickValueInArray(kTypes));
        break;
      case 1:
        entry.name = input.ConsumeRandomLengthString(20);
        break;
      case 2:
      case 3: {
        // Other values of the same kind.
        entry.tensor = entry.tensor.clone();
        const auto bytes = input.ConsumeBytes<uint8_t>(std::min<size_t>(entry.tensor.nbytes(), 32));
        std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(entry.tensor.data_ptr()));
        break;
      }
      default:
        break;
    }
  }
  model().begin_training(images, config, &state);
  model().end_training();
});

const Registration load_part("load-part", [](FuzzedDataProvider& input) {
  constexpr Part parts[] = {Part::kTeacher, Part::kBottleneck, Part::kDecoder};
  const Part part = input.PickValueInArray(parts);
  model().load(part, any_state(input, model().outline(part)));
});

}  // namespace

}  // namespace reverse_distillation::fuzz
