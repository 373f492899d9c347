// Times the operators and writes one line of JSON per measurement to standard output:
//
//   reverse_distillation_benchmark <cpu|cuda:N> [--quick] [--backbone NAME] [--batch N] [--repetitions N]
//
// {"operator", "case", "dtype", "seconds", "positions", "bytes", "operations"}: the median time of one call,
// the number of output values per channel, the bytes that must move and the operations that must be done,
// counted as described in native/ops/cuda. The first line, "operator": "copy", times a copy within the
// device, the yardstick for bytes per second. Each operator's answers are compared with ATen's before it is
// timed.
//
// --quick: tiny features, only to show that everything runs. --backbone, --batch: only these features; by
// default those of resnet18 and wide_resnet50_2 in batches of 32, and also of 1 for the operators that make
// maps. --repetitions: calls per measurement, 20 by default.

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include "answers.h"
#include "core/backbone.h"
#include "core/device.h"
#include "core/precision.h"
#include "core/recorded_work.h"
#include "model/reverse_distillation.h"
#include "ops/ops.h"
#include "pipeline/scoring_engine.h"
#include "timer.h"

namespace reverse_distillation::bench {

namespace {

struct Settings {
  c10::Device device = c10::kCPU;
  bool quick = false;
  std::optional<std::string> backbone;
  std::optional<int64_t> batch;
  int repetitions = 20;
};

/// A teacher's three scales: channels, and height = width.
struct Scales {
  std::string name;
  std::vector<std::pair<int64_t, int64_t>> sizes;
};

Scales scales_of(const std::string& name) {
  const int64_t expansion = find_backbone(name).expansion();
  Scales found{name, {}};
  for (size_t k = 0; k < 3; ++k) found.sizes.emplace_back(kStagePlanes[k] * expansion, 64 >> k);
  return found;
}

std::vector<Scales> scales_to_measure(const Settings& settings) {
  if (settings.quick) return {{"quick", {{16, 16}, {32, 8}, {64, 4}}}};
  if (settings.backbone) return {scales_of(*settings.backbone)};
  return {scales_of("resnet18"), scales_of("wide_resnet50_2")};
}

int64_t image_size(const Settings& settings) { return settings.quick ? 64 : 256; }

const char* name_of(at::ScalarType type) {
  if (type == at::kFloat) return "float32";
  return type == at::kHalf ? "float16" : "bfloat16";
}

/// The least work that a call must do.
struct Work {
  double positions;
  double bytes;
  double operations;
};

void print(const char* op, const std::string& what, at::ScalarType type, double seconds, const Work& work) {
  std::printf(
      "{\"operator\":\"%s\",\"case\":\"%s\",\"dtype\":\"%s\",\"seconds\":%.9g,\"positions\":%.9g,"
      "\"bytes\":%.9g,\"operations\":%.9g}\n",
      op, what.c_str(), name_of(type), seconds, work.positions, work.bytes, work.operations);
  std::fflush(stdout);
}

struct Features {
  std::vector<at::Tensor> teacher;
  std::vector<at::Tensor> student;
  double elements = 0.0;  ///< of teacher or student, not both
  double positions = 0.0;

  Features(const Scales& scales, int64_t batch, at::ScalarType type, c10::Device device,
           at::MemoryFormat format = at::MemoryFormat::ChannelsLast) {
    const auto options = at::TensorOptions(device);
    for (const auto& [channels, size] : scales.sizes) {
      const auto make = [&] {
        return at::randn({batch, channels, size, size}, options).to(type).contiguous(format);
      };
      teacher.push_back(make());
      student.push_back(make());
      elements += static_cast<double>(teacher.back().numel());
      positions += static_cast<double>(batch * size * size);
    }
  }
};

void measure_features(const Settings& settings, const Timer& timer, const Scales& scales, int64_t batch,
                      at::ScalarType type, at::MemoryFormat format) {
  const Features features(scales, batch, type, settings.device, format);
  const std::string what = scales.name + ", batch " + std::to_string(batch) +
                           (format == at::MemoryFormat::Contiguous ? ", planes" : "");
  const double size = static_cast<double>(at::elementSize(type));
  const auto report = [&](const char* op, double reads, double map_bytes, double per_element,
                          const std::function<void()>& work) {
    print(
        op, what, type, timer.measure(work),
        {features.positions, reads * features.elements * size + map_bytes, per_element * features.elements});
  };
  const double map_bytes = 4.0 * features.positions;
  report("cosine_map", 2, map_bytes, 6, [&] { cosine_map(features.teacher, features.student); });
  std::vector<at::Tensor> grad = cosine_map(features.teacher, features.student);
  report("cosine_map_backward", 3, map_bytes, 9,
         [&] { cosine_map_backward(grad, features.teacher, features.student); });
  report("location_loss", 3, 0, 9, [&] { location_loss(features.teacher, features.student); });
  report("global_loss", 5, 0, 9, [&] { global_loss(features.teacher, features.student); });
}

/// From distances to maps and scores, and from features to maps and scores.
void measure_maps(const Settings& settings, const Timer& timer, const Scales& scales, int64_t batch) {
  const int64_t size = image_size(settings);
  const Features features(scales, batch, at::kFloat, settings.device);
  const std::vector<at::Tensor> distances = cosine_map(features.teacher, features.student);
  const std::string what = scales.name + ", batch " + std::to_string(batch);
  const double outputs = static_cast<double>(batch * size * size);
  const double bytes = 4.0 * (outputs + features.positions);
  // Multiply-adds along the rows and down the columns from 64, 32 and 16 to 256; not counted for other sizes.
  const double operations = settings.quick ? 0.0 : outputs * 47.0;
  const auto report = [&](const char* op, double bytes_moved, double operations_done,
                          const std::function<void()>& work) {
    print(op, what, at::kFloat, timer.measure(work), {outputs, bytes_moved, operations_done});
  };
  report("upsample_sum", bytes, 27.0 * outputs, [&] { upsample_sum(distances, size, size); });
  const at::Tensor combined = upsample_sum(distances, size, size);
  report("gaussian_blur", 8.0 * outputs, 132.0 * outputs, [&] { gaussian_blur(combined, 4.0); });
  report("smooth_maps", bytes, operations, [&] { smooth_maps(distances, size, size, 4.0, false); });
  report("smooth_maps (product)", bytes, 161.0 * outputs,
         [&] { smooth_maps(distances, size, size, 4.0, true); });
  for (const bool multiply : {false, true}) {
    report(multiply ? "anomaly_map (product)" : "anomaly_map",
           8.0 * features.elements + 8.0 * features.positions + 4.0 * outputs,
           6.0 * features.elements + (multiply ? 161.0 * outputs : operations),
           [&] { anomaly_map(features.teacher, features.student, size, size, 4.0, multiply); });
  }
}

void measure_preprocess(const Settings& settings, const Timer& timer) {
  if (!settings.device.is_cuda()) return;  // On the CPU an image is resized when it is read.
  const int64_t batch = 8;
  std::vector<at::Tensor> images;
  for (int64_t n = 0; n < batch; ++n) {
    images.push_back(at::randint(0, 256, {900, 900, 3}, at::kByte).to(settings.device));
  }
  const std::vector<double> scale = {1.0 / 255.0, 1.0 / 255.0, 1.0 / 255.0};
  const std::vector<double> shift = {0.0, 0.0, 0.0};
  const double pixels = static_cast<double>(batch) * 900.0 * 900.0 * 3.0;
  for (const at::ScalarType type : {at::kFloat, at::kHalf}) {
    const double outputs = static_cast<double>(batch) * 256.0 * 256.0 * 3.0;
    print("preprocess", "900 x 900 to 256 x 256, batch 8", type,
          timer.measure([&] { preprocess(images, 256, 256, scale, shift, type); }),
          {outputs / 3.0, pixels + outputs * static_cast<double>(at::elementSize(type)), 5.3 * pixels});
  }
}

/// Prints the number of kernels and copies that scoring one image consists of: {"backbone", "batch",
/// "nodes"}.
void count_nodes(const Settings& settings, const Scales& scales) {
  ModelConfig config;
  config.backbone = find_backbone(scales.name);
  config.device = settings.device.str();
  config.precision = Precision::kBFloat16;
  ReverseDistillation model(config);
  model->to(settings.device);
  model->eval();
  ScoringEngine engine(model, config);
  const at::Tensor input = at::randn({1, 3, config.height, config.width}, at::TensorOptions(settings.device))
                               .to(scalar_type(config.precision))
                               .contiguous(network_format(settings.device, config.precision));
  const DeviceStreams streams(settings.device);
  streams.compute_waits_for_current();
  const auto scope = streams.compute();
  const auto score = [&] { engine.score_normalised(input); };
  std::printf("{\"backbone\":\"%s\",\"batch\":1,\"nodes\":%zu}\n", scales.name.c_str(),
              record_work(score)->nodes());
  std::fflush(stdout);
}

void measure_copy(const Settings& settings) {
  const int64_t bytes = int64_t{1} << (settings.quick ? 22 : settings.device.is_cpu() ? 28 : 30);
  const at::Tensor source = at::randn({bytes / 4}, at::TensorOptions(settings.device));
  at::Tensor target = at::empty_like(source);
  const Timer timer(settings.device, 5, 11);
  double seconds = timer.measure([&] { target.copy_(source); });
  // A GPU's driver copies more slowly than a kernel can.
  if (settings.device.is_cuda())
    seconds = std::min(seconds, timer.measure([&] { at::neg_out(target, source); }));
  print("copy", std::to_string(bytes >> 20) + " MiB", at::kFloat, seconds,
        {static_cast<double>(bytes / 4), 2.0 * static_cast<double>(bytes), 0.0});
}

void run(const Settings& settings) {
  const c10::InferenceMode inference;
  at::manual_seed(0);
  measure_copy(settings);
  const Timer timer(settings.device, settings.quick ? 1 : settings.repetitions, settings.quick ? 3 : 21);
  std::vector<at::ScalarType> types = {at::kFloat, at::kBFloat16};
  if (settings.device.is_cuda()) types.push_back(at::kHalf);
  const int64_t largest = settings.batch.value_or(settings.quick ? 2 : 32);
  std::vector<int64_t> map_batches = {largest};
  if (!settings.batch) map_batches.insert(map_batches.begin(), 1);
  for (const Scales& scales : scales_to_measure(settings)) {
    {
      const Features features(scales, 2, at::kFloat, settings.device);
      require_right_answers(features.teacher, features.student, image_size(settings));
    }
    for (const at::ScalarType type : types) {
      measure_features(settings, timer, scales, largest, type, at::MemoryFormat::ChannelsLast);
    }
    // The networks' format in exact float32 on a GPU.
    if (settings.device.is_cuda()) {
      measure_features(settings, timer, scales, largest, at::kFloat, at::MemoryFormat::Contiguous);
    }
    for (const int64_t batch : map_batches) measure_maps(settings, timer, scales, batch);
    if (settings.device.is_cuda() && !settings.quick) count_nodes(settings, scales);
  }
  measure_preprocess(settings, timer);
}

constexpr const char* kUsage =
    "usage: reverse_distillation_benchmark <cpu|cuda:N> [--quick] [--backbone NAME] [--batch N] "
    "[--repetitions N]";

/// A whole number from 1, given on the command line.
int positive(const std::string& text) {
  size_t read = 0;
  const int value = std::stoi(text, &read);
  if (read != text.size() || value < 1) throw std::invalid_argument(kUsage);
  return value;
}

Settings parse(const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw std::invalid_argument(kUsage);
  Settings settings;
  settings.device = parse_device(arguments[0]);
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    if (option == "--quick") {
      settings.quick = true;
      continue;
    }
    if (++i == arguments.size()) throw std::invalid_argument(kUsage);
    if (option == "--backbone") {
      settings.backbone = arguments[i];
    } else if (option == "--batch") {
      settings.batch = positive(arguments[i]);
    } else if (option == "--repetitions") {
      settings.repetitions = positive(arguments[i]);
    } else {
      throw std::invalid_argument(kUsage);
    }
  }
  return settings;
}

}  // namespace

}  // namespace reverse_distillation::bench

int main(int argc, char** argv) {
  using namespace reverse_distillation;
  try {
    bench::run(bench::parse({argv + 1, argv + argc}));
    return 0;
  } catch (const c10::Error& error) {
    std::cerr << error.what_without_backtrace() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  return 1;
}
