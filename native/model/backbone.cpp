#include "model/backbone.h"

#include "core/error.h"

namespace reverse_distillation {

BackboneSpec backbone_spec(Backbone backbone) {
  switch (backbone) {
    case Backbone::kResNet18:
      return {false, {2, 2, 2, 2}, 1};
    case Backbone::kResNet34:
      return {false, {3, 4, 6, 3}, 1};
    case Backbone::kResNet50:
      return {true, {3, 4, 6, 3}, 1};
    case Backbone::kWideResNet50_2:
      return {true, {3, 4, 6, 3}, 2};
  }
  throw Error(ErrorCode::kInternal, "unknown backbone");
}

}  // namespace reverse_distillation
