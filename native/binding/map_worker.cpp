#include "binding/map_worker.h"

#include "binding/cancel_token.h"
#include "binding/shared_buffer.h"
#include "core/device.h"
#include "pipeline/map_resize.h"

namespace reverse_distillation::binding {

namespace {

/// A map whose memory the job keeps. Throws a Napi::TypeError if its arrays do not fit its size.
MapView lend_map(Job& job, const Napi::Object& map) {
  MapView view;
  view.height = map.Get("height").ToNumber().Int64Value();
  view.width = map.Get("width").ToNumber().Int64Value();
  const auto pixels = static_cast<size_t>(view.pixels());
  const auto data = map.Get("data").As<Napi::Float32Array>();
  if (view.height < 1 || view.width < 1 || data.ElementLength() != pixels)
    throw Napi::TypeError::New(map.Env(), "the data of a map does not match its height and width");
  view.data = data.Data();
  job.keep(data);
  if (map.Get("mask").IsUndefined()) return view;
  const auto mask = map.Get("mask").As<Napi::Uint8Array>();
  if (mask.ElementLength() != pixels)
    throw Napi::TypeError::New(map.Env(), "a mask does not match the height and width of its map");
  view.mask = mask.Data();
  job.keep(mask);
  return view;
}

/// The values of each region, in the order that lib/native/addon.ts states.
std::vector<double> measures_of(const std::vector<Region>& regions) {
  std::vector<double> measures;
  measures.reserve(11 * regions.size());
  for (const Region& region : regions) {
    for (const int32_t side : {region.left, region.top, region.right, region.bottom})
      measures.push_back(side);
    measures.insert(measures.end(), {static_cast<double>(region.area), region.centroid_x, region.centroid_y,
                                     region.mean, static_cast<double>(region.peak),
                                     static_cast<double>(region.peak_x), static_cast<double>(region.peak_y)});
  }
  return measures;
}

class RegionsJob : public Job {
 public:
  /// `finder` is the worker's.
  RegionsJob(Napi::Env env, RegionFinder& finder, const Napi::Object& worker, const Napi::Object& map,
             const Napi::Object& options, std::shared_ptr<CancelToken> cancel)
      : Job(env), finder_(finder), map_(lend_map(*this, map)) {
    options_.seed = options.Get("seed").ToNumber().DoubleValue();
    options_.outline = options.Get("outline").ToNumber().DoubleValue();
    options_.min_area = options.Get("minArea").ToNumber().Int64Value();
    options_.max_count = options.Get("maxCount").ToNumber().Int64Value();
    set_cancel_token(std::move(cancel));
    keep(worker);
  }

 protected:
  void execute() override {
    found_ = finder_.find(map_, options_);
    measures_ = measures_of(found_.regions);
    rings_.reserve(3 * found_.rings.size());
    for (const Ring& ring : found_.rings) rings_.insert(rings_.end(), {ring.region, ring.begin, ring.count});
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object regions = Napi::Object::New(env);
    regions.Set("measures", share_array(env, std::move(measures_)));
    regions.Set("rings", share_array(env, std::move(rings_)));
    regions.Set("segments", share_array(env, std::move(found_.segments)));
    regions.Set("considered", static_cast<double>(found_.considered));
    return regions;
  }

 private:
  RegionFinder& finder_;
  MapView map_;
  RegionOptions options_;
  Regions found_;
  std::vector<double> measures_;
  std::vector<int32_t> rings_;
};

class ResizeMapJob : public Job {
 public:
  ResizeMapJob(Napi::Env env, const Napi::Object& worker, const Napi::Object& map, int64_t height,
               int64_t width)
      : Job(env), map_(lend_map(*this, map)), height_(height), width_(width) {
    keep(worker);
  }

 protected:
  void execute() override {
    set_threads(1);  // The batch that is being computed needs the other cores.
    resized_ = resize_map(map_, height_, width_);
  }

  Napi::Value result(Napi::Env env) override {
    const auto length = static_cast<size_t>(resized_.numel());
    return Napi::Float32Array::New(env, length, share_tensor(env, resized_, nullptr), 0);
  }

 private:
  MapView map_;
  int64_t height_;
  int64_t width_;
  at::Tensor resized_;
};

}  // namespace

Napi::Function MapWorkerWrap::define(Napi::Env env) {
  return DefineClass(env, "MapWorker",
                     {InstanceMethod<&MapWorkerWrap::find_regions>("findRegions"),
                      InstanceMethod<&MapWorkerWrap::resize>("resize")});
}

MapWorkerWrap::MapWorkerWrap(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      thread_(guarded(info.Env(), [&] { return JobThread(Environment::of(info.Env())); })) {}

Napi::Value MapWorkerWrap::find_regions(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return thread_.submit(std::make_shared<RegionsJob>(info.Env(), regions_, Value(),
                                                       info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                       CancelTokenWrap::from(info[2])));
  });
}

Napi::Value MapWorkerWrap::resize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return thread_.submit(std::make_shared<ResizeMapJob>(info.Env(), Value(), info[0].As<Napi::Object>(),
                                                         info[1].ToNumber().Int64Value(),
                                                         info[2].ToNumber().Int64Value()));
  });
}

}  // namespace reverse_distillation::binding
