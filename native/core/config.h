#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reverse_distillation {

/// The teacher's architecture, which the bottleneck and the student mirror.
enum class Backbone { kResNet18, kResNet34, kResNet50, kWideResNet50_2 };

/// `kPaper` follows Deng & Li 2022; `kOfficial` the authors' published code, whose one-class embedding skips
/// the 1x1 convolution and whose decoder stages have the teacher's block counts in the teacher's order.
enum class Layout { kPaper, kOfficial };

/// How the up-sampled maps of the scales become one.
enum class Combine { kSum, kProduct };

/// `kLocation` is Eq. (2); `kGlobal` the authors' code, which flattens each feature map before the cosine.
enum class Loss { kLocation, kGlobal };

/// What pixels, divided by 255, become before the networks see them: `kImageNet` subtracts the mean and
/// divides by the standard deviation of ImageNet's images, as its weights expect; `kNone` leaves them in 0 to
/// 1, as the authors' published code does in its one-class protocol.
enum class Normalisation { kImageNet, kNone };

/// Of the networks' arithmetic. `kTf32` is float32 whose convolutions round their inputs to TF32 (see
/// `Float32Mode`), on a GPU alone. Trained in `kBFloat16`, weights and their steps stay float32; `kFloat16`,
/// whose range is too small for gradients, is for scoring on a GPU alone.
enum class Precision { kFloat32, kTf32, kBFloat16, kFloat16 };

/// What a model is made from. The facade validates and fills in defaults.
struct ModelConfig {
  Backbone backbone = Backbone::kResNet18;
  Layout layout = Layout::kPaper;
  std::vector<int64_t> layers = {1, 2, 3};  ///< Scales that count, ascending, of 1, 2, 3.
  Combine combine = Combine::kSum;
  double sigma = 4.0;    ///< Standard deviation of the smoothing, in pixels of the map.
  int64_t height = 256;  ///< Of the image that the networks see, in pixels; a multiple of 32.
  int64_t width = 256;
  Normalisation normalisation = Normalisation::kImageNet;
  std::string device = "cpu";  ///< "cpu" or "cuda:N".
  Precision precision = Precision::kFloat32;
  uint64_t seed = 0;  ///< Of the initial weights.
};

/// How much room a training's teacher features may take, in bytes, and the folder of the temporary file that
/// takes those for which the memory is too small. With none they are computed anew for every batch. Memory is
/// that of the device, of a GPU's at most half of what is free, and beyond that the host's.
struct FeatureBudget {
  int64_t memory = 0;
  int64_t disk = 0;
  std::string folder;
};

/// Where a training keeps the teacher's features.
enum class FeatureStorage { kUndecided, kMemory, kFile, kNone };

/// How a model is trained.
struct TrainingConfig {
  int64_t epochs = 1;
  bool until_converged = false;  ///< End before `epochs` once the loss has stopped to matter.
  int64_t batch_size = 16;
  double learning_rate = 0.005;
  Loss loss = Loss::kLocation;
  uint64_t seed = 0;  ///< Of the order of the images.
  FeatureBudget features;
};

}  // namespace reverse_distillation
