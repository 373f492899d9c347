#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <torch/optim/adam.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "core/device.h"
#include "core/temporary_file.h"
#include "harness.h"
#include "inference/onednn.h"
#include "pipeline/adam.h"
#include "pipeline/convergence.h"
#include "pipeline/detector.h"
#include "pipeline/learning_rate.h"
#include "pipeline/loss.h"
#include "pipeline/teacher_features.h"

namespace reverse_distillation::test::training_test {

namespace {

ModelConfig config_of(int64_t height, int64_t width) {
  ModelConfig config;
  config.height = height;
  config.width = width;
  return config;
}

ImageSet noise(int64_t count, int64_t height, int64_t width) {
  ImageSet images({height, width});
  const at::Tensor pixels = at::randint(0, 256, {count, height, width, 3}, at::kByte);
  for (int64_t i = 0; i < count; ++i) images.add({pixels[i].data_ptr<uint8_t>(), width, height, 3});
  return images;
}

TrainingConfig epochs(int64_t count, Loss loss = Loss::kLocation) {
  TrainingConfig config;
  config.epochs = count;
  config.batch_size = 3;
  config.loss = loss;
  return config;
}

const auto kSilent = [](const EpochReport&) {};

bool equal(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i].tensor, b[i].tensor)) return false;
  }
  return a.size() == b.size();
}

std::vector<NamedTensor> copy(std::vector<NamedTensor> state) {
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.clone();
  return state;
}

}  // namespace

TEST("training lowers both losses, changes the student and leaves the teacher as it was") {
  for (const Loss loss : {Loss::kLocation, Loss::kGlobal}) {
    Detector detector(config_of(64, 64));
    const auto teacher = copy(detector.tensors(Part::kTeacher));
    const auto bottleneck = copy(detector.tensors(Part::kBottleneck));
    std::vector<EpochReport> reports;
    detector.train(noise(8, 64, 64), epochs(6, loss), CancelToken(),
                   [&](const EpochReport& report) { reports.push_back(report); });
    EXPECT(reports.size() == 6);
    EXPECT(reports.back().epoch == 6 && reports.back().epochs == 6 && reports.back().seconds_left == 0.0);
    EXPECT(reports.back().loss < 0.8 * reports.front().loss,
           reports.front().loss << " to " << reports.back().loss);
    EXPECT(equal(detector.tensors(Part::kTeacher), teacher));
    EXPECT(!equal(detector.tensors(Part::kBottleneck), bottleneck));
  }
}

TEST("convergence is reached when five epochs' mean is less than a twentieth below that of the five before") {
  const auto epochs_of = [](const std::function<double(int)>& loss) {
    Convergence convergence;
    int epoch = 1;
    while (epoch < 100 && !convergence.reached_with(loss(epoch))) ++epoch;
    return epoch;
  };
  EXPECT(epochs_of([](int) { return 1.0; }) == 10);
  EXPECT(epochs_of([](int) { return std::nan(""); }) == 10);
  EXPECT(epochs_of([](int epoch) { return std::pow(0.97, epoch); }) == 100);  // 14% per window
  EXPECT(epochs_of([](int epoch) { return std::pow(0.99, epoch); }) == 10);   // 4.9% per window
  // Falls by 1/50 per epoch to 0.2 at epoch 40 and stays there: 0.2 is not below 0.95 x 0.204, the mean of 39
  // to 43.
  EXPECT(epochs_of([](int epoch) { return 1.0 - std::min(epoch, 40) / 50.0; }) == 48);
  EXPECT(epochs_of([](int epoch) { return epoch % 2 == 0 ? 1.0 : 2.0; }) == 11);
}

TEST("a training until convergence gives the result of a training with that number of epochs") {
  const ImageSet images = noise(4, 32, 64);
  TrainingConfig config = epochs(200);
  config.until_converged = true;
  std::vector<EpochReport> reports;
  Detector detector(config_of(32, 64));
  detector.train(images, config, CancelToken(),
                 [&](const EpochReport& report) { reports.push_back(report); });
  const EpochReport& last = reports.back();
  EXPECT(last.epoch >= 10 && last.epoch < 200, last.epoch);
  EXPECT(last.epochs == last.epoch && last.seconds_left == 0.0);
  EXPECT(reports.front().epochs == 200 && reports.front().seconds_left > 0.0);
  Detector other(config_of(32, 64));
  other.train(images, epochs(last.epoch), CancelToken(), kSilent);
  EXPECT(equal(copy(other.tensors(Part::kDecoder)), copy(detector.tensors(Part::kDecoder))));
}

TEST("two trainings with one seed end with equal bits, and with another seed with different ones") {
  const ImageSet images = noise(7, 64, 32);
  const auto trained = [&](uint64_t seed) {
    Detector detector(config_of(64, 32));
    TrainingConfig config = epochs(2);
    config.seed = seed;
    detector.train(images, config, CancelToken(), kSilent);
    return copy(detector.tensors(Part::kDecoder));
  };
  const auto first = trained(3);
  EXPECT(equal(first, trained(3)));
  EXPECT(!equal(first, trained(4)));
}

TEST("a training ends with equal bits whether the teacher's features are kept in memory or in a file") {
  const ImageSet images = noise(7, 64, 32);
  // float32: 64 channels at a quarter of the size, 128 at an eighth, 256 at a sixteenth.
  const int64_t needed = 7 * 4 * (64 * 16 * 8 + 128 * 8 * 4 + 256 * 4 * 2);
  const auto trained = [&](int64_t memory, int64_t disk, FeatureStorage expected) {
    Detector detector(config_of(64, 32));
    TrainingConfig config = epochs(3);
    config.features = {memory, disk, "/tmp"};
    detector.train(images, config, CancelToken(),
                   [&](const EpochReport& report) { EXPECT(report.features == expected); });
    return copy(detector.tensors(Part::kDecoder));
  };
  EXPECT(
      equal(trained(needed, 0, FeatureStorage::kMemory), trained(needed - 1, needed, FeatureStorage::kFile)));
  trained(needed - 1, needed - 1, FeatureStorage::kNone);
}

TEST("features are kept in the device's memory, else in the host's, else in a file, else nowhere") {
  const FeatureBudget budget = {100, 200, "/tmp"};
  const c10::Device cpu(at::kCPU);
  const c10::Device gpu(at::kCUDA, 1);
  const auto placed = [&](int64_t bytes, c10::Device device, int64_t room) {
    const FeaturePlace place = place_features(bytes, budget, device, room);
    return std::make_pair(place.storage, place.device);
  };
  EXPECT(placed(100, gpu, 100) == std::make_pair(FeatureStorage::kMemory, gpu));
  EXPECT(placed(1000, gpu, 1000) == std::make_pair(FeatureStorage::kMemory, gpu));
  EXPECT(placed(100, gpu, 99) == std::make_pair(FeatureStorage::kMemory, cpu));
  EXPECT(placed(101, gpu, 100) == std::make_pair(FeatureStorage::kFile, cpu));
  EXPECT(placed(201, gpu, 200) == std::make_pair(FeatureStorage::kNone, cpu));
  EXPECT(placed(100, cpu, 0) == std::make_pair(FeatureStorage::kMemory, cpu));
  EXPECT(placed(101, cpu, 1000) == std::make_pair(FeatureStorage::kFile, cpu));
  EXPECT(place_features(1, {}, gpu, 1000).storage == FeatureStorage::kNone);
}

TEST("the fused Adam accepts a gradient in another memory order than its parameter") {
  const at::Tensor weights = at::randn({6, 4, 3, 3});
  const at::Tensor gradient = at::randn({6, 4, 3, 3});
  const auto stepped = [&](at::MemoryFormat of_gradient) {
    at::Tensor parameter = weights.clone(at::MemoryFormat::ChannelsLast).set_requires_grad(true);
    parameter.mutable_grad() = gradient.clone(of_gradient);
    Adam adam({parameter});
    adam.set_learning_rate(0.01);
    adam.step();
    return parameter.detach();
  };
  const at::Tensor expected = stepped(at::MemoryFormat::ChannelsLast);
  EXPECT(at::equal(stepped(at::MemoryFormat::Contiguous), expected));
  EXPECT(!at::equal(expected, weights));
}

TEST("the CPU computes without NNPACK, which prints a warning for each call that it does not support") {
  parse_device("cpu");
  EXPECT(!at::globalContext().userEnabledNNPACK());
}

TEST(
    "kept features are those of the requested image, even if a batch includes images whose features are not "
    "kept yet") {
  const ImageSet images = noise(5, 32, 64);
  ReverseDistillation model(config_of(32, 64));
  model->eval();
  TeacherFeatures kept(*model->teacher, images, config_of(32, 64), {1 << 30, 0, ""});
  TeacherFeatures recomputed(*model->teacher, images, config_of(32, 64), {});
  for (const std::vector<int64_t>& batch :
       {std::vector<int64_t>{4, 1}, {1, 4}, {0, 4}, {0, 1, 4}, {3, 2}, {2, 0}}) {
    const std::vector<at::Tensor> actual = kept.batch(at::tensor(batch));
    kept.keep(at::tensor(batch), actual);
    const std::vector<at::Tensor> expected = recomputed.batch(at::tensor(batch));
    for (size_t k = 0; k < 3; ++k) {
      EXPECT(actual[k].is_contiguous(at::MemoryFormat::ChannelsLast));
      EXPECT_CLOSE(actual[k], expected[k], 1e-5, 1e-5);
    }
  }
}

TEST("a folder that is missing or has no room is an error that names it, and no file is left behind") {
  EXPECT_THROWS(map_temporary_file("/no/such/folder", {4}, at::kFloat), "/no/such/folder");
  EXPECT_THROWS(map_temporary_file("/tmp", {int64_t{1} << 58}, at::kFloat), "has no room for");
  const at::Tensor mapped = map_temporary_file("/tmp", {2, 3}, at::kFloat);
  EXPECT(mapped.sizes() == at::IntArrayRef({2, 3}) && mapped.sum().item<float>() == 0.0F);
  for (const auto& entry : std::filesystem::directory_iterator("/tmp")) {
    EXPECT(entry.path().filename().string().rfind("reverse-distillation-map-", 0) != 0, entry.path());
  }
}

TEST(
    "the fused Adam steps like PyTorch's own, in both memory formats, and skips parameters without a "
    "gradient") {
  const at::Tensor weights = at::randn({6, 4, 3, 3});
  const auto parameter = [&](at::MemoryFormat format) {
    return weights.clone(format).set_requires_grad(true);
  };
  std::vector<at::Tensor> ours = {parameter(at::MemoryFormat::ChannelsLast),
                                  parameter(at::MemoryFormat::Contiguous), at::randn({5})};
  std::vector<at::Tensor> theirs = {parameter(at::MemoryFormat::ChannelsLast),
                                    parameter(at::MemoryFormat::Contiguous)};
  const at::Tensor untouched = ours[2].clone();
  Adam adam(ours);
  adam.set_learning_rate(0.01);
  torch::optim::Adam reference(theirs, torch::optim::AdamOptions(0.01).betas({0.5, 0.999}));
  for (int step = 0; step < 5; ++step) {
    const at::Tensor direction = at::randn({6, 4, 3, 3});
    for (size_t i = 0; i < 2; ++i) {
      (ours[i] * direction).pow(2).sum().backward();
      (theirs[i] * direction).pow(2).sum().backward();
    }
    adam.step();
    reference.step();
    reference.zero_grad();
    EXPECT(!ours[0].grad().defined() && !ours[1].grad().defined());
  }
  for (size_t i = 0; i < 2; ++i) EXPECT_CLOSE(ours[i].detach(), theirs[i].detach(), 1e-6, 1e-6);
  EXPECT(!at::allclose(ours[0].detach(), weights));
  EXPECT(at::equal(ours[2], untouched));
}

TEST("a thread keeps its number of threads, whatever other threads set") {
  for (int i = 0; i < 20; ++i) {
    int seen = 0;
    std::thread([&] {
      set_threads(2);
      std::thread([] { set_threads(1); }).join();
      seen = at::get_num_threads();
    }).join();
    EXPECT(seen == 2, seen);
  }
}

TEST("a thread keeps its number of threads when it first computes after another thread has set its own") {
  int seen = 0;
  std::thread([&] {
    // A team of one is not made in advance, so the loop is the first to ask for the number.
    set_threads(1);
    std::thread([] { set_threads(2); }).join();
    at::parallel_for(0, 8, 1, [](int64_t, int64_t) {});
    seen = at::get_num_threads();
  }).join();
  EXPECT(seen == 1, seen);
}

TEST("simultaneous trainings on separate threads end with equal bits") {
  const ImageSet images = noise(4, 64, 64);
  std::vector<std::vector<NamedTensor>> results(3);
  std::atomic<bool> training{true};
  std::thread resizing([&] {
    while (training) std::thread([] { set_threads(1); }).join();
  });
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      set_threads(2);
      Detector detector(config_of(64, 64));
      detector.train(images, epochs(2), CancelToken(), kSilent);
      result = copy(detector.tensors(Part::kDecoder));
    });
  }
  for (std::thread& thread : threads) thread.join();
  training = false;
  resizing.join();
  EXPECT(equal(results[0], results[1]) && equal(results[0], results[2]));
}

TEST("the loss location is Eq. (2) and the loss global compares flattened maps") {
  FeaturePairs features;
  for (int64_t k = 0; k < 3; ++k) {
    features.teacher.push_back(at::randn({2, 4 << k, 8 >> k, 8 >> k}));
    features.student.push_back(
        at::randn({2, 4 << k, 8 >> k, 8 >> k}).contiguous(at::MemoryFormat::ChannelsLast));
  }
  for (const std::vector<int64_t>& layers : {std::vector<int64_t>{1, 2, 3}, {2}, {1, 3}}) {
    double location = 0.0;
    double global = 0.0;
    for (const int64_t layer : layers) {
      const at::Tensor t = features.teacher[static_cast<size_t>(layer - 1)].to(at::kDouble);
      const at::Tensor s = features.student[static_cast<size_t>(layer - 1)].to(at::kDouble);
      const at::Tensor by_position = (t * s).sum(1) / (t.norm(2, 1) * s.norm(2, 1));
      location += (1.0 - by_position).mean().item<double>();
      const at::Tensor by_sample = (t * s).sum({1, 2, 3}) / (t.norm(2, {1, 2, 3}) * s.norm(2, {1, 2, 3}));
      global += (1.0 - by_sample).mean().item<double>();
    }
    EXPECT_CLOSE(distillation_loss(features, layers, Loss::kLocation).loss, at::scalar_tensor(location), 1e-6,
                 0.0);
    EXPECT_CLOSE(distillation_loss(features, layers, Loss::kGlobal).loss, at::scalar_tensor(global), 1e-6,
                 0.0);
  }
}

TEST("training in bfloat16 lowers the loss, and leaves weights and statistics in float32") {
  if (!onednn::runs_bfloat16()) throw Skipped{"this processor cannot run bfloat16"};
  ModelConfig config = config_of(64, 64);
  config.precision = Precision::kBFloat16;
  Detector detector(config);
  std::vector<double> reported;
  detector.train(noise(8, 64, 64), epochs(6), CancelToken(),
                 [&](const EpochReport& report) { reported.push_back(report.loss); });
  EXPECT(reported.back() < 0.8 * reported.front(), reported.front() << " to " << reported.back());
  for (const Part part : {Part::kBottleneck, Part::kDecoder}) {
    for (const NamedTensor& entry : detector.tensors(part)) {
      EXPECT(entry.tensor.scalar_type() != at::kBFloat16, entry.name);
      EXPECT(entry.tensor.isfinite().all().item<bool>(), entry.name);
    }
  }
  const at::Tensor pixels = at::randint(0, 256, {64, 64, 3}, at::kByte);
  const PixelView view{pixels.data_ptr<uint8_t>(), 64, 64, 3};
  EXPECT(detector.score({&view, 1}).maps.scalar_type() == at::kFloat);
}

TEST("a partial batch is kept, unless batch norm would see a single value") {
  Detector detector(config_of(32, 32));
  const auto tracked = [&] {
    for (const NamedTensor& entry : detector.tensors(Part::kBottleneck)) {
      if (entry.name == "bn1.num_batches_tracked") return entry.tensor.item<int64_t>();
    }
    return int64_t{-1};
  };
  detector.train(noise(4, 32, 32), epochs(1), CancelToken(), kSilent);
  EXPECT(tracked() == 1, "the batch of one image at 32 x 32 was trained on");
  detector.train(noise(5, 32, 32), epochs(1), CancelToken(), kSilent);
  EXPECT(tracked() == 3);
  EXPECT_THROWS(detector.train(noise(1, 32, 32), epochs(1), CancelToken(), kSilent), "at least two images");
  Detector larger(config_of(32, 64));
  larger.train(noise(1, 32, 64), epochs(1), CancelToken(), kSilent);
}

TEST("a batch size above the number of images means one batch, and no image is an error") {
  Detector detector(config_of(32, 64));
  TrainingConfig config = epochs(1);
  config.batch_size = 100;
  detector.train(noise(2, 32, 64), config, CancelToken(), kSilent);
  EXPECT_THROWS(detector.train(ImageSet({32, 64}), config, CancelToken(), kSilent), "no images to train on");
}

TEST("a cancelled training stops between batches and leaves a model that scores") {
  Detector detector(config_of(32, 64));
  CancelToken cancel;
  int reports = 0;
  const auto cancel_at_first = [&](const EpochReport&) {
    ++reports;
    cancel.cancel();
  };
  const ImageSet images = noise(4, 32, 64);
  EXPECT_THROWS(detector.train(images, epochs(50), cancel, cancel_at_first), "aborted");
  EXPECT(reports == 1);
  const at::Tensor pixels = at::randint(0, 256, {32, 64, 3}, at::kByte);
  const PixelView view{pixels.data_ptr<uint8_t>(), 64, 32, 3};
  const AnomalyMaps once = detector.score({&view, 1});
  const AnomalyMaps again = detector.score({&view, 1});
  EXPECT(at::equal(once.maps, again.maps), "scoring must not move the running statistics");
}

TEST("the learning rate rises over 20 steps at most, stays until its decay begins, and falls to a fiftieth") {
  const Decay late = {100, 200};
  const auto near = [](double a, double b) { return std::abs(a - b) < 1e-12; };
  EXPECT(near(learning_rate_at(0, 0.01, late), 0.0005));
  EXPECT(near(learning_rate_at(19, 0.01, late), 0.01));
  EXPECT(near(learning_rate_at(99, 0.01, late), 0.01));
  EXPECT(near(learning_rate_at(150, 0.01, late), 0.01 * 0.51));
  EXPECT(near(learning_rate_at(200, 0.01, late), 0.01 / 50));
  EXPECT(near(learning_rate_at(500, 0.01, late), 0.01 / 50));
  // Over a tenth of a short training.
  EXPECT(near(learning_rate_at(0, 0.01, {0, 40}), 0.0025));
  EXPECT(near(learning_rate_at(4, 0.01, {0, 40}), 0.01));
  EXPECT(near(learning_rate_at(22, 0.01, {0, 40}), 0.01 * 0.51));
  EXPECT(near(learning_rate_at(0, 0.01, {0, 5}), 0.01));
  // From the end of the rise, if the decay would begin before.
  EXPECT(near(learning_rate_at(110, 0.01, {0, 200}), 0.01 * 0.51));
  for (int64_t step = 20; step < 200; ++step) {
    EXPECT(learning_rate_at(step, 0.01, {0, 200}) >= learning_rate_at(step + 1, 0.01, {0, 200}));
  }
}

TEST("a detector has the moving average of the weights and statistics of every step") {
  auto images = std::make_shared<ImageSet>(noise(9, 64, 32));
  TrainingConfig config = epochs(2);
  config.average_weights = true;
  Detector detector(config_of(64, 32));
  detector.begin_training(images, config);
  std::map<std::string, at::Tensor> averages;
  const auto named = [&](const std::string& prefix) {
    std::vector<NamedTensor> found;
    for (const NamedTensor& entry : detector.training_state()) {
      if (entry.name.starts_with(prefix + "bn.") || entry.name.starts_with(prefix + "decoder."))
        found.push_back({entry.name.substr(prefix.size()), entry.tensor.to(at::kDouble)});
    }
    return found;
  };
  for (const auto& [name, tensor] : named("trained.")) averages[name] = tensor;
  CancelToken pause;
  pause.cancel();
  bool finished = false;
  for (int64_t step = 1; !finished; ++step) {
    finished = detector.continue_training(2, CancelToken(), pause, kSilent).finished;
    const double kept = std::min(0.98, static_cast<double>(step) / static_cast<double>(step + 10));
    for (const auto& [name, tensor] : named("trained.")) {
      averages[name] = kept * averages[name] + (1 - kept) * tensor;
    }
    for (const auto& [name, tensor] : named("")) {
      if (averages.contains(name)) EXPECT_CLOSE(tensor, averages[name], 1e-5, 1e-5);
    }
  }
  EXPECT(averages.size() > 100);
  EXPECT(averages.contains("decoder.layer1.0.bn1.running_var"));
}

TEST(
    "a learning rate that falls changes a training, and averages leave the trained weights as they would "
    "be") {
  const ImageSet images = noise(6, 64, 32);
  const auto shared = std::make_shared<ImageSet>(images);
  const auto state = [&](Schedule schedule, bool average) {
    TrainingConfig config = epochs(3);
    config.schedule = schedule;
    config.average_weights = average;
    Detector detector(config_of(64, 32));
    detector.begin_training(shared, config);
    detector.continue_training(3, CancelToken(), CancelToken(), kSilent);
    std::map<std::string, at::Tensor> found;
    for (const NamedTensor& entry : detector.training_state()) found[entry.name] = entry.tensor;
    return found;
  };
  const std::string name = "decoder.layer1.0.conv1.weight";
  auto plain = state(Schedule::kConstant, false), averaged = state(Schedule::kConstant, true);
  EXPECT(at::equal(plain[name], averaged["trained." + name]));
  EXPECT(!at::equal(plain[name], averaged[name]));
  EXPECT(!at::equal(plain[name], state(Schedule::kCosine, false)[name]));
}

TEST("once the loss has stopped improving, a learning rate falls over a quarter more epochs") {
  const ImageSet images = noise(4, 32, 64);
  TrainingConfig config = epochs(100);
  config.until_converged = true;
  config.schedule = Schedule::kCosine;
  std::vector<EpochReport> reports;
  Detector detector(config_of(32, 64));
  detector.train(images, config, CancelToken(),
                 [&](const EpochReport& report) { reports.push_back(report); });
  Convergence convergence;
  int64_t plateau = 0;
  for (const EpochReport& report : reports) {
    if (plateau == 0 && convergence.reached_with(report.loss)) plateau = report.epoch;
  }
  EXPECT(plateau >= 10);
  EXPECT(reports.back().epoch == std::min<int64_t>(100, plateau + (plateau + 3) / 4), reports.back().epoch);
  EXPECT(reports[static_cast<size_t>(plateau) - 1].epochs == reports.back().epoch);

  // It falls within the limit also where nothing was reached.
  config.epochs = 8;
  reports.clear();
  Detector short_one(config_of(32, 64));
  short_one.train(images, config, CancelToken(),
                  [&](const EpochReport& report) { reports.push_back(report); });
  EXPECT(reports.size() == 8);
}

}  // namespace reverse_distillation::test::training_test
