#include "core/backbone.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace reverse_distillation {

const Backbone& find_backbone(std::string_view name) {
  const auto* found = std::ranges::find(kBackbones, name, &Backbone::name);
  if (found != kBackbones.end()) return *found;
  std::string names;
  for (const Backbone& backbone : kBackbones) names.append(names.empty() ? "" : ", ").append(backbone.name);
  throw Error(ErrorCode::kInvalidArgument,
              "backbone must be one of " + names + "; got \"" + std::string(name) + "\".");
}

}  // namespace reverse_distillation
