#include "binding/convert.h"

#include <ATen/ops/from_blob.h>

#include <array>
#include <cmath>
#include <utility>

#include "binding/shared_buffer.h"
#include "pipeline/image_statistics.h"

namespace reverse_distillation::binding {

namespace {

template <typename T>
using Names = std::initializer_list<std::pair<const char*, T>>;

const Names<Layout> kLayouts = {{"paper", Layout::kPaper}, {"official", Layout::kOfficial}};
const Names<Combine> kCombines = {{"sum", Combine::kSum}, {"product", Combine::kProduct}};
const Names<Normalisation> kNormalisations = {{"imagenet", Normalisation::kImageNet},
                                              {"none", Normalisation::kNone}};
const Names<Fit> kFits = {{"stretch", Fit::kStretch}, {"pad", Fit::kPad}, {"crop", Fit::kCrop}};
const Names<Precision> kPrecisions = {{"float32", Precision::kFloat32},
                                      {"tf32", Precision::kTf32},
                                      {"bfloat16", Precision::kBFloat16},
                                      {"float16", Precision::kFloat16},
                                      {"int8", Precision::kInt8}};
const Names<FeatureStorage> kFeatureStorages = {{"memory", FeatureStorage::kMemory},
                                                {"file", FeatureStorage::kFile},
                                                {"recomputed", FeatureStorage::kNone}};
const Names<Loss> kLosses = {{"location", Loss::kLocation}, {"global", Loss::kGlobal}};
const Names<Schedule> kSchedules = {{"constant", Schedule::kConstant}, {"cosine", Schedule::kCosine}};
const Names<bool> kWeightAverages = {{"none", false}, {"ema", true}};
const Names<PixelOrder> kPixelOrders = {
    {"rgb", PixelOrder::kRgb},
    {"bgr", PixelOrder::kBgr},
    {"bayer_rggb", PixelOrder::kBayerRggb},
    {"bayer_bggr", PixelOrder::kBayerBggr},
    {"bayer_grbg", PixelOrder::kBayerGrbg},
    {"bayer_gbrg", PixelOrder::kBayerGbrg},
};
const Names<Part> kParts = {
    {"teacher", Part::kTeacher}, {"bn", Part::kBottleneck}, {"decoder", Part::kDecoder}};
const Names<at::ScalarType> kDtypes = {{"F64", at::kDouble},    {"F32", at::kFloat}, {"F16", at::kHalf},
                                       {"BF16", at::kBFloat16}, {"I64", at::kLong},  {"I32", at::kInt},
                                       {"U8", at::kByte}};

template <typename T>
T from_name(const Napi::Value& value, const Names<T>& names) {
  const std::string given = value.ToString().Utf8Value();
  for (const auto& [name, meaning] : names) {
    if (given == name) return meaning;
  }
  throw Napi::TypeError::New(value.Env(), "unknown name \"" + given + "\"");
}

template <typename T>
const char* name_of(T value, const Names<T>& names) {
  for (const auto& [name, meaning] : names) {
    if (value == meaning) return name;
  }
  throw Error(ErrorCode::kInternal, "a value has no name");
}

int64_t to_integer(const Napi::Value& value) { return value.ToNumber().Int64Value(); }

std::vector<double> to_numbers(const Napi::Value& value) {
  std::vector<double> numbers;
  if (value.IsUndefined()) return numbers;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) numbers.push_back(array.Get(i).ToNumber().DoubleValue());
  return numbers;
}

std::optional<Tiles> to_tiles(const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  const auto tiles = value.As<Napi::Object>();
  const auto size = tiles.Get("size").As<Napi::Array>();
  return Tiles{to_integer(size[0u]), to_integer(size[1u]), to_integer(tiles.Get("overlap"))};
}

Napi::Value from_tiles(Napi::Env env, const std::optional<Tiles>& tiles) {
  if (!tiles) return env.Undefined();
  Napi::Array size = Napi::Array::New(env);
  size.Set(0u, static_cast<double>(tiles->height));
  size.Set(1u, static_cast<double>(tiles->width));
  Napi::Object value = Napi::Object::New(env);
  value.Set("size", size);
  value.Set("overlap", static_cast<double>(tiles->overlap));
  return value;
}

}  // namespace

ModelConfig to_model_config(const Napi::Object& value) {
  ModelConfig config;
  config.backbone = find_backbone(value.Get("backbone").ToString().Utf8Value());
  config.layout = from_name(value.Get("layout"), kLayouts);
  const auto layers = value.Get("layers").As<Napi::Array>();
  config.layers.clear();
  for (uint32_t i = 0; i < layers.Length(); ++i) config.layers.push_back(to_integer(layers[i]));
  config.combine = from_name(value.Get("combine"), kCombines);
  config.sigma = value.Get("sigma").ToNumber().DoubleValue();
  config.height = to_integer(value.Get("height"));
  config.width = to_integer(value.Get("width"));
  config.fit = from_name(value.Get("fit"), kFits);
  config.tiles = to_tiles(value.Get("tiles"));
  config.normalisation = from_name(value.Get("normalisation"), kNormalisations);
  config.device = value.Get("device").ToString().Utf8Value();
  config.precision = from_name(value.Get("precision"), kPrecisions);
  config.activation_ranges = to_numbers(value.Get("activationRanges"));
  config.seed = static_cast<uint64_t>(to_integer(value.Get("seed")));
  return config;
}

Napi::Object from_model_config(Napi::Env env, const ModelConfig& config) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("backbone", std::string(config.backbone.name));
  value.Set("layout", name_of(config.layout, kLayouts));
  Napi::Array layers = Napi::Array::New(env);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    layers.Set(static_cast<uint32_t>(i), static_cast<double>(config.layers[i]));
  }
  value.Set("layers", layers);
  value.Set("combine", name_of(config.combine, kCombines));
  value.Set("sigma", config.sigma);
  value.Set("height", static_cast<double>(config.height));
  value.Set("width", static_cast<double>(config.width));
  value.Set("fit", name_of(config.fit, kFits));
  value.Set("tiles", from_tiles(env, config.tiles));
  value.Set("normalisation", name_of(config.normalisation, kNormalisations));
  value.Set("device", config.device);
  value.Set("precision", name_of(config.precision, kPrecisions));
  value.Set("seed", static_cast<double>(config.seed));
  return value;
}

TrainingConfig to_training_config(const Napi::Object& value) {
  TrainingConfig config;
  config.epochs = to_integer(value.Get("epochs"));
  config.until_converged = value.Get("untilConverged").ToBoolean();
  config.batch_size = to_integer(value.Get("batchSize"));
  config.learning_rate = value.Get("learningRate").ToNumber().DoubleValue();
  config.schedule = from_name(value.Get("learningRateSchedule"), kSchedules);
  config.average_weights = from_name(value.Get("weightAverage"), kWeightAverages);
  config.loss = to_loss(value.Get("loss"));
  config.seed = static_cast<uint64_t>(to_integer(value.Get("seed")));
  config.features.memory = to_integer(value.Get("featureMemory"));
  config.features.disk = to_integer(value.Get("featureDisk"));
  config.features.folder = value.Get("featureFolder").ToString().Utf8Value();
  return config;
}

Loss to_loss(const Napi::Value& value) { return from_name(value, kLosses); }

Frame to_frame(const Napi::Object& value) {
  return {to_integer(value.Get("height")), to_integer(value.Get("width")), from_name(value.Get("fit"), kFits),
          to_tiles(value.Get("tiles"))};
}

Part to_part(const Napi::Value& value) { return from_name(value, kParts); }

PixelView to_pixel_view(const Napi::Object& value) {
  const auto array = value.Get("data").As<Napi::TypedArray>();
  if (array.ByteLength() == 0) {
    throw Error(ErrorCode::kInvalidImage,
                "The memory of a raw image is gone: its ArrayBuffer was transferred or detached before the "
                "image was read. Pass it again once it is yours, or pass a copy.");
  }
  PixelView view;
  view.data = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  view.width = to_integer(value.Get("width"));
  view.height = to_integer(value.Get("height"));
  view.channels = to_integer(value.Get("channels"));
  view.sample_bytes = array.ElementSize();
  const auto given = [&](const char* key) { return !value.Get(key).IsUndefined(); };
  if (given("order")) view.order = from_name(value.Get("order"), kPixelOrders);
  if (given("stride")) view.stride = to_integer(value.Get("stride"));
  if (given("depth")) view.white = std::exp2(value.Get("depth").ToNumber().DoubleValue()) - 1.0;
  if (given("black")) view.black = value.Get("black").ToNumber().DoubleValue();
  if (given("fitted")) view.fitted = value.Get("fitted").ToBoolean();
  if (given("mask")) {
    const auto mask = value.Get("mask").As<Napi::Uint8Array>();
    view.mask = {mask.Data(), mask.ByteLength()};
  }
  if (given("white")) view.white = value.Get("white").ToNumber().DoubleValue();

  const bool bayer = is_bayer(view.order);
  const bool bgr = view.order == PixelOrder::kBgr;
  const bool channels_fit = view.channels == 1 ? !bgr : (view.channels == 3 || view.channels == 4) && !bayer;
  const bool samples_fit = view.sample_bytes == 1 || view.sample_bytes == 2 || view.sample_bytes == 4;
  const int64_t least = bayer ? 2 : 1;
  if (!channels_fit || !samples_fit || view.width < least || view.height < least || view.stride < 0 ||
      !(view.white > view.black)) {
    throw Napi::TypeError::New(value.Env(), "the pixels are of an unsupported kind");
  }
  const int64_t row = view.width * view.channels * view.sample_bytes;
  const bool aligned = view.stride % view.sample_bytes == 0;
  if (!aligned || view.row_bytes() < row ||
      static_cast<int64_t>(array.ByteLength()) < view.row_bytes() * (view.height - 1) + row) {
    throw Napi::TypeError::New(value.Env(), "the pixel data does not match its width, height and channels");
  }
  return view;
}

Napi::Object from_resized(Napi::Env env, const at::Tensor& pixels) {
  const auto length = static_cast<size_t>(pixels.numel());
  Napi::ArrayBuffer buffer = share_tensor(env, pixels, nullptr);
  Napi::Object image = Napi::Object::New(env);
  if (pixels.scalar_type() == at::kByte)
    image.Set("data", Napi::Uint8Array::New(env, length, buffer, 0));
  else
    image.Set("data", Napi::Float32Array::New(env, length, buffer, 0));
  image.Set("width", static_cast<double>(pixels.size(1)));
  image.Set("height", static_cast<double>(pixels.size(0)));
  image.Set("channels", 3);
  image.Set("fitted", true);
  return image;
}

std::vector<int64_t> to_integers(const Napi::Array& value) {
  std::vector<int64_t> integers;
  for (uint32_t i = 0; i < value.Length(); ++i) integers.push_back(to_integer(value.Get(i)));
  return integers;
}

NamedTensor to_named_tensor(const Napi::Object& value) {
  const at::ScalarType dtype = from_name(value.Get("dtype"), kDtypes);
  const auto dimensions = value.Get("shape").As<Napi::Array>();
  std::vector<int64_t> shape;
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype));
  for (uint32_t i = 0; i < dimensions.Length(); ++i) {
    shape.push_back(to_integer(dimensions[i]));
    bytes *= shape.back();
  }
  const auto array = value.Get("data").As<Napi::TypedArray>();
  std::string name = value.Get("name").ToString().Utf8Value();
  if (bytes < 0 || static_cast<int64_t>(array.ByteLength()) != bytes) {
    throw Napi::TypeError::New(value.Env(), "the data of tensor \"" + name + "\" does not match its shape");
  }
  uint8_t* data = static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(dtype) != 0) {
    return {std::move(name), at::from_blob(data, {bytes}, at::kByte).clone().view(dtype).view(shape)};
  }
  return {std::move(name), at::from_blob(data, shape, dtype)};
}

Napi::Object from_outline(Napi::Env env, const NamedTensor& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", value.name);
  object.Set("dtype", name_of(value.tensor.scalar_type(), kDtypes));
  Napi::Array shape = Napi::Array::New(env);
  for (int64_t i = 0; i < value.tensor.dim(); ++i) {
    shape.Set(static_cast<uint32_t>(i), static_cast<double>(value.tensor.size(i)));
  }
  object.Set("shape", shape);
  return object;
}

Napi::Object from_named_tensor(Napi::Env env, const NamedTensor& value) {
  Napi::Object object = from_outline(env, value);
  Napi::ArrayBuffer buffer = share_tensor(env, value.tensor, nullptr);
  object.Set("data", Napi::Uint8Array::New(env, buffer.ByteLength(), buffer, 0));
  return object;
}

Napi::Array from_named_tensors(Napi::Env env, const std::vector<NamedTensor>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) array.Set(i, from_named_tensor(env, values[i]));
  return array;
}

Napi::Object from_statistics(Napi::Env env, const at::Tensor& statistics) {
  const auto values = statistics.accessor<float, 1>();
  Napi::Object value = Napi::Object::New(env);
  value.Set("brightness", values[kBrightness]);
  value.Set("contrast", values[kContrast]);
  value.Set("sharpness", values[kSharpness]);
  return value;
}

Napi::Object from_report(Napi::Env env, const EpochReport& report) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("epoch", static_cast<double>(report.epoch));
  value.Set("epochs", static_cast<double>(report.epochs));
  value.Set("loss", report.loss);
  value.Set("imagesPerSecond", report.images_per_second);
  value.Set("secondsLeft", report.seconds_left);
  value.Set("features", name_of(report.features, kFeatureStorages));
  return value;
}

Napi::Object from_training_progress(Napi::Env env, const TrainingProgress& progress) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("epochs", static_cast<double>(progress.epochs));
  value.Set("batches", static_cast<double>(progress.batches));
  value.Set("loss", progress.loss);
  value.Set("finished", progress.finished);
  return value;
}

}  // namespace reverse_distillation::binding
