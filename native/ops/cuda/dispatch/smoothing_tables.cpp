#include "ops/cuda/dispatch/smoothing_tables.h"

#include <ATen/ops/from_blob.h>

#include <list>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "core/recorded_work.h"

namespace reverse_distillation::cuda {

namespace {

constexpr size_t kKeptPlans = 16;

/// Everything that a plan depends on: device, sigma, output size, sizes of the maps.
using PlanKey = std::tuple<c10::DeviceIndex, double, std::vector<int64_t>>;

struct Plans {
  std::mutex mutex;
  std::map<PlanKey, std::weak_ptr<const DevicePlan>> alive;  ///< Kept here, or in use elsewhere.
  std::list<std::shared_ptr<const DevicePlan>> recent;       ///< Most recently used first.
};

/// Never destroyed: when the process ends there is no device left to return memory to.
Plans& plans() {
  static Plans& instance = *new Plans;
  return instance;
}

std::shared_ptr<const DevicePlan> make_plan(std::span<const MapSize> maps, int64_t height, int64_t width,
                                            double sigma, c10::Device device) {
  SmoothingPlan plan = plan_smoothing(maps, height, width, sigma);
  const at::Tensor tables =
      at::from_blob(plan.tables.data(), {static_cast<int64_t>(plan.tables.size())}, at::kInt).to(device);
  return std::make_shared<const DevicePlan>(DevicePlan{std::move(plan), tables});
}

}  // namespace

std::shared_ptr<const DevicePlan> device_plan(std::span<const MapSize> maps, int64_t height, int64_t width,
                                              double sigma, c10::Device device) {
  std::vector<int64_t> sizes = {height, width};
  for (const MapSize& size : maps) sizes.insert(sizes.end(), {size.height, size.width});
  const PlanKey key(device.index(), sigma, std::move(sizes));

  Plans& known = plans();
  const std::lock_guard lock(known.mutex);
  std::shared_ptr<const DevicePlan> plan = known.alive[key].lock();
  if (plan == nullptr) {
    plan = make_plan(maps, height, width, sigma, device);
    std::erase_if(known.alive, [](const auto& entry) { return entry.second.expired(); });
    known.alive[key] = plan;
  }
  known.recent.remove(plan);
  known.recent.push_front(plan);
  if (known.recent.size() > kKeptPlans) known.recent.pop_back();
  // A recording reads the tables again each time it runs.
  keep_while_recorded(plan);
  return plan;
}

}  // namespace reverse_distillation::cuda
