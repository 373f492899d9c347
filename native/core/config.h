#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/backbone.h"

namespace reverse_distillation {

/// `kPaper` follows Deng & Li 2022. `kOfficial` follows the authors' published code: its one-class embedding
/// skips the 1x1 convolution, and its decoder stages have the teacher's block counts in the teacher's order.
enum class Layout { kPaper, kOfficial };

/// How the up-sampled maps of the scales are combined.
enum class Combine { kSum, kProduct };

/// `kLocation` is Eq. (2); `kGlobal` follows the authors' code, which flattens each feature map before the
/// cosine.
enum class Loss { kLocation, kGlobal };

/// How pixels, divided by 255, are normalised for the networks. `kImageNet` subtracts the mean and divides by
/// the standard deviation of ImageNet's images, as ImageNet weights expect. `kNone` leaves them in 0 to 1, as
/// the authors' published code does in its one-class protocol.
enum class Normalisation { kImageNet, kNone };

/// How images that are not of the proportions of the networks' input come into it. `kStretch` changes their
/// proportions, `kPad` fills the rest of the input with the pixels at their edges, and `kCrop` takes their
/// centre.
enum class Fit { kStretch, kPad, kCrop };

/// Tiles that large images are cut into, in pixels of the image: each fills the networks' input.
struct Tiles {
  int64_t height;
  int64_t width;
  int64_t overlap;  ///< Of neighbours, at least.
};

/// Precision of the networks' arithmetic. `kTf32` is float32 whose convolutions round their inputs to TF32
/// (see `Float32Mode`); GPU only. Training in `kBFloat16` keeps weights and optimiser steps in float32.
/// `kFloat16`, whose range is too small for gradients, is for scoring on a GPU only. `kInt8`, for scoring on
/// the CPU only, is float32 with most convolutions in 8 bits.
enum class Precision { kFloat32, kTf32, kBFloat16, kFloat16, kInt8 };

/// What a model is made from. The facade validates it and fills in defaults.
struct ModelConfig {
  Backbone backbone = kBackbones.front();
  Layout layout = Layout::kPaper;
  std::vector<int64_t> layers = {1, 2, 3};  ///< Scales to use: some of 1, 2, 3, ascending.
  Combine combine = Combine::kSum;
  double sigma = 4.0;    ///< Standard deviation of the smoothing, in pixels of the map.
  int64_t height = 256;  ///< Size of the networks' input in pixels; multiples of 32.
  int64_t width = 256;
  Fit fit = Fit::kStretch;
  std::optional<Tiles> tiles;  ///< With `kStretch` only.
  Normalisation normalisation = Normalisation::kImageNet;
  std::string device = "cpu";  ///< "cpu" or "cuda:N".
  Precision precision = Precision::kFloat32;
  std::vector<double> activation_ranges;  ///< With `kInt8` only; see `ScoringEngine::activation_ranges`.
  uint64_t seed = 0;                      ///< Seeds the initial weights.
};

/// How many bytes the teacher's features may occupy during training, in memory and on disk, and the folder of
/// the temporary file that holds them if memory is too small. Features that fit in neither are computed again
/// for every batch. Memory is the device's (on a GPU at most half of what is free), then the host's.
struct FeatureBudget {
  int64_t memory = 0;
  int64_t disk = 0;
  std::string folder;
};

/// Where training keeps the teacher's features.
enum class FeatureStorage { kUndecided, kMemory, kFile, kNone };

/// How the learning rate changes over a training; see `learning_rate_at`.
enum class Schedule { kConstant, kCosine };

/// How a model is trained.
struct TrainingConfig {
  int64_t epochs = 1;
  bool until_converged = false;  ///< End before `epochs` once the loss stops improving.
  int64_t batch_size = 16;
  double learning_rate = 0.005;
  Schedule schedule = Schedule::kConstant;
  bool average_weights = false;  ///< Keep a moving average of the weights; see `WeightAverage`.
  Loss loss = Loss::kLocation;
  uint64_t seed = 0;  ///< Seeds the order of the images.
  FeatureBudget features;
};

}  // namespace reverse_distillation
