#include <ATen/ATen.h>

#include <chrono>
#include <memory>
#include <thread>

#include "harness.h"
#include "inference/onednn.h"
#include "pipeline/detector.h"

namespace reverse_distillation::test::training_resume_test {

namespace {

std::shared_ptr<const ImageSet> noise(int64_t count, int64_t height, int64_t width) {
  auto images = std::make_shared<ImageSet>(Frame(height, width));
  const at::Tensor pixels = at::randint(0, 256, {count, height, width, 3}, at::kByte);
  for (int64_t i = 0; i < count; ++i) images->add({pixels[i].data_ptr<uint8_t>(), width, height, 3});
  return images;
}

const auto kSilent = [](const EpochReport&) {};

/// Everything about a training that can be compared.
struct Outcome {
  std::vector<NamedTensor> state;
  std::vector<double> losses;
};

bool equal(const Outcome& a, const Outcome& b) {
  for (size_t i = 0; i < a.state.size(); ++i) {
    if (a.state[i].name != b.state[i].name || !at::equal(a.state[i].tensor, b.state[i].tensor)) return false;
  }
  return a.state.size() == b.state.size() && a.losses == b.losses;
}

Outcome uninterrupted(const ModelConfig& model, const std::shared_ptr<const ImageSet>& images,
                      const TrainingConfig& config) {
  Outcome outcome;
  Detector detector(model);
  detector.begin_training(images, config);
  const TrainingProgress progress =
      detector.continue_training(config.epochs, CancelToken(), CancelToken(),
                                 [&](const EpochReport& report) { outcome.losses.push_back(report.loss); });
  EXPECT(progress.finished);
  outcome.state = detector.training_state();
  return outcome;
}

/// Pauses again and again, after `rest`, and goes on in a new detector each time. Counts the pauses within an
/// epoch.
Outcome interrupted(const ModelConfig& model, const std::shared_ptr<const ImageSet>& images,
                    const TrainingConfig& config, std::chrono::microseconds rest, int& within_epoch) {
  Outcome outcome;
  bool begun = false;
  for (TrainingProgress progress; !progress.finished;) {
    Detector detector(model);
    detector.begin_training(images, config, begun ? &outcome.state : nullptr);
    begun = true;
    CancelToken pause;
    std::thread timer([&] {
      std::this_thread::sleep_for(rest);
      pause.cancel();
    });
    progress =
        detector.continue_training(config.epochs, CancelToken(), pause,
                                   [&](const EpochReport& report) { outcome.losses.push_back(report.loss); });
    timer.join();
    if (progress.batches > 0) ++within_epoch;
    outcome.state = detector.training_state();
    rest *= 2;
  }
  return outcome;
}

ModelConfig small(int64_t height, int64_t width) {
  ModelConfig config;
  config.height = height;
  config.width = width;
  return config;
}

TrainingConfig epochs(int64_t count) {
  TrainingConfig config;
  config.epochs = count;
  config.batch_size = 2;
  config.features.memory = int64_t{1} << 30;
  return config;
}

}  // namespace

TEST(
    "a training that is paused, saved and resumed in new detectors ends with the bits of an uninterrupted "
    "one") {
  const auto images = noise(7, 32, 64);
  for (const bool keeps_features : {true, false}) {
    TrainingConfig config = epochs(3);
    if (!keeps_features) config.features.memory = 0;
    const Outcome expected = uninterrupted(small(32, 64), images, config);
    int within_epoch = 0;
    const Outcome actual =
        interrupted(small(32, 64), images, config, std::chrono::milliseconds(10), within_epoch);
    EXPECT(equal(actual, expected));
    EXPECT(within_epoch > 0);
  }
}

TEST("a resumed training that leaves out a single image of 32 x 32 recalls the features of every epoch") {
  const auto images = noise(5, 32, 32);
  int within_epoch = 0;
  const Outcome actual =
      interrupted(small(32, 32), images, epochs(6), std::chrono::milliseconds(1), within_epoch);
  EXPECT(equal(actual, uninterrupted(small(32, 32), images, epochs(6))));
}

TEST("a training in bfloat16 with the layout official and two scales resumes with equal bits") {
  ModelConfig model = small(32, 64);
  model.layout = Layout::kOfficial;
  model.layers = {2, 3};
  if (onednn::runs_bfloat16()) model.precision = Precision::kBFloat16;
  TrainingConfig config = epochs(2);
  config.loss = Loss::kGlobal;
  const auto images = noise(6, 32, 64);
  int within_epoch = 0;
  const Outcome actual = interrupted(model, images, config, std::chrono::milliseconds(20), within_epoch);
  EXPECT(equal(actual, uninterrupted(model, images, config)));
}

TEST("a falling learning rate and averaged weights resume with equal bits, also until convergence") {
  const auto images = noise(7, 32, 64);
  for (const bool until_converged : {false, true}) {
    TrainingConfig config = epochs(until_converged ? 30 : 8);
    config.until_converged = until_converged;
    config.schedule = Schedule::kCosine;
    config.average_weights = true;
    const Outcome expected = uninterrupted(small(32, 64), images, config);
    int within_epoch = 0;
    const Outcome actual =
        interrupted(small(32, 64), images, config, std::chrono::milliseconds(10), within_epoch);
    EXPECT(equal(actual, expected));
    EXPECT(within_epoch > 0);
  }
}

TEST("a finished training resumes to more epochs, and one until convergence knows that it has finished") {
  const auto images = noise(4, 32, 64);
  const Outcome shorter = uninterrupted(small(32, 64), images, epochs(2));
  Detector detector(small(32, 64));
  detector.begin_training(images, epochs(3), &shorter.state);
  EXPECT(detector.continue_training(3, CancelToken(), CancelToken(), kSilent).finished);
  const Outcome expected = uninterrupted(small(32, 64), images, epochs(3));
  EXPECT(equal({detector.training_state(), {}}, {expected.state, {}}));

  TrainingConfig automatic = epochs(200);
  automatic.until_converged = true;
  const Outcome converged = uninterrupted(small(32, 64), images, automatic);
  EXPECT(converged.losses.size() >= 10 && converged.losses.size() < 200);
  int reports = 0;
  detector.begin_training(images, automatic, &converged.state);
  const TrainingProgress progress =
      detector.continue_training(200, CancelToken(), CancelToken(), [&](const EpochReport&) { ++reports; });
  EXPECT(progress.finished && reports == 0);
  EXPECT(progress.epochs == static_cast<int64_t>(converged.losses.size()));
}

TEST("a state that does not fit is refused and named, and a training must have begun to continue") {
  const auto images = noise(4, 32, 64);
  const std::vector<NamedTensor> state = uninterrupted(small(32, 64), images, epochs(2)).state;
  Detector detector(small(32, 64));
  const auto load = [&](std::vector<NamedTensor> changed, int64_t count = 2) {
    detector.begin_training(images, epochs(count), &changed);
  };
  const auto replaced = [&](const std::string& name, const at::Tensor& tensor) {
    std::vector<NamedTensor> changed = state;
    for (NamedTensor& entry : changed) {
      if (entry.name == name) entry.tensor = tensor;
    }
    return changed;
  };
  EXPECT_THROWS(load({}), "no valid \"position\"");
  EXPECT_THROWS(load(replaced("generator", at::empty({3}, at::kByte))), "inconsistent");
  EXPECT_THROWS(load(replaced("order", at::tensor({0, 1, 2, 2}, at::kLong))), "inconsistent");
  EXPECT_THROWS(load(replaced("order", at::tensor({0, 1, 2}, at::kLong))), "inconsistent");
  EXPECT_THROWS(load(replaced("position", at::tensor({2, 1}, at::kLong))), "inconsistent");
  EXPECT_THROWS(load(replaced("adam.mean.bn.conv1.weight", at::zeros({1}))), "adam.mean.bn.conv1.weight");
  EXPECT_THROWS(load(state, 1), "more epochs");
  Detector idle(small(32, 64));
  EXPECT_THROWS(idle.training_state(), "No training has begun");
}

}  // namespace reverse_distillation::test::training_resume_test
