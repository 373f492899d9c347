#include "ops/ops.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/autograd.h>
#include <torch/library.h>

namespace reverse_distillation {

std::vector<at::Tensor> cosine_map(at::TensorList teacher, at::TensorList student) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("reverse_distillation::cosine_map", "")
                             .typed<std::vector<at::Tensor>(at::TensorList, at::TensorList)>();
  return op.call(teacher, student);
}

std::vector<at::Tensor> cosine_map_backward(at::TensorList grad, at::TensorList teacher,
                                            at::TensorList student) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("reverse_distillation::cosine_map_backward", "")
          .typed<std::vector<at::Tensor>(at::TensorList, at::TensorList, at::TensorList)>();
  return op.call(grad, teacher, student);
}

at::Tensor upsample_sum(at::TensorList maps, int64_t height, int64_t width) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("reverse_distillation::upsample_sum", "")
                             .typed<at::Tensor(at::TensorList, int64_t, int64_t)>();
  return op.call(maps, height, width);
}

at::Tensor upsample_product(at::TensorList maps, int64_t height, int64_t width) {
  at::Tensor product;
  for (const at::Tensor& map : maps) {
    const at::Tensor upsampled = upsample_sum(map, height, width);
    product = product.defined() ? product.mul_(upsampled) : upsampled;
  }
  return product;
}

at::Tensor gaussian_blur(const at::Tensor& maps, double sigma) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("reverse_distillation::gaussian_blur", "")
                             .typed<at::Tensor(const at::Tensor&, double)>();
  return op.call(maps, sigma);
}

LossAndGradients location_loss(at::TensorList teacher, at::TensorList student) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("reverse_distillation::location_loss", "")
          .typed<std::tuple<at::Tensor, std::vector<at::Tensor>>(at::TensorList, at::TensorList)>();
  const at::NoGradGuard no_grad;
  auto [loss, gradients] = op.call(teacher, student);
  return {std::move(loss), std::move(gradients)};
}

LossAndGradients global_loss(at::TensorList teacher, at::TensorList student) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("reverse_distillation::global_loss", "")
          .typed<std::tuple<at::Tensor, std::vector<at::Tensor>>(at::TensorList, at::TensorList)>();
  const at::NoGradGuard no_grad;
  auto [loss, gradients] = op.call(teacher, student);
  return {std::move(loss), std::move(gradients)};
}

std::tuple<at::Tensor, at::Tensor> smooth_maps(at::TensorList maps, int64_t height, int64_t width,
                                               double sigma, bool multiply) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("reverse_distillation::smooth_maps", "")
          .typed<std::tuple<at::Tensor, at::Tensor>(at::TensorList, int64_t, int64_t, double, bool)>();
  return op.call(maps, height, width, sigma, multiply);
}

std::tuple<at::Tensor, at::Tensor> anomaly_map(at::TensorList teacher, at::TensorList student, int64_t height,
                                               int64_t width, double sigma, bool multiply) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("reverse_distillation::anomaly_map", "")
                             .typed<std::tuple<at::Tensor, at::Tensor>(at::TensorList, at::TensorList,
                                                                       int64_t, int64_t, double, bool)>();
  return op.call(teacher, student, height, width, sigma, multiply);
}

at::Tensor preprocess(at::TensorList images, int64_t height, int64_t width, at::ArrayRef<double> scale,
                      at::ArrayRef<double> shift, at::ScalarType dtype) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("reverse_distillation::preprocess", "")
                             .typed<at::Tensor(at::TensorList, int64_t, int64_t, at::ArrayRef<double>,
                                               at::ArrayRef<double>, at::ScalarType)>();
  return op.call(images, height, width, scale, shift, dtype);
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Ties `cosine_map_backward` to `cosine_map`, for all devices.
class CosineMapFunction : public torch::autograd::Function<CosineMapFunction> {
 public:
  static variable_list forward(AutogradContext* context, at::TensorList teacher, at::TensorList student) {
    for (const at::Tensor& t : teacher) {
      TORCH_CHECK(!t.requires_grad(),
                  "cosine_map: the teacher is frozen, but its features require a gradient");
    }
    at::AutoDispatchBelowADInplaceOrView below;
    variable_list saved(teacher.begin(), teacher.end());
    saved.insert(saved.end(), student.begin(), student.end());
    context->save_for_backward(std::move(saved));
    return cosine_map(teacher, student);
  }

  static variable_list backward(AutogradContext* context, variable_list grad) {
    const variable_list saved = context->get_saved_variables();
    const size_t pairs = saved.size() / 2;
    const at::TensorList features(saved);
    const at::TensorList student = features.slice(pairs);
    for (size_t k = 0; k < pairs; ++k) {
      if (grad[k].defined()) continue;
      const at::Tensor& s = student[k];
      grad[k] = at::zeros({s.size(0), s.size(2), s.size(3)}, s.options().dtype(at::kFloat));
    }
    variable_list gradients(pairs);  // Undefined for the teacher.
    for (at::Tensor& gradient : cosine_map_backward(grad, features.slice(0, pairs), student)) {
      gradients.push_back(std::move(gradient));
    }
    return gradients;
  }
};

std::vector<at::Tensor> cosine_map_autograd(at::TensorList teacher, at::TensorList student) {
  return CosineMapFunction::apply(teacher, student);
}

}  // namespace

TORCH_LIBRARY(reverse_distillation, library) {
  library.def("cosine_map(Tensor[] teacher, Tensor[] student) -> Tensor[]");
  library.def("cosine_map_backward(Tensor[] grad, Tensor[] teacher, Tensor[] student) -> Tensor[]");
  library.def("upsample_sum(Tensor[] maps, int height, int width) -> Tensor");
  library.def("gaussian_blur(Tensor maps, float sigma) -> Tensor");
  library.def("location_loss(Tensor[] teacher, Tensor[] student) -> (Tensor loss, Tensor[] gradients)");
  library.def("global_loss(Tensor[] teacher, Tensor[] student) -> (Tensor loss, Tensor[] gradients)");
  library.def(
      "smooth_maps(Tensor[] maps, int height, int width, float sigma, bool multiply) -> (Tensor smoothed, "
      "Tensor scores)");
  library.def(
      "anomaly_map(Tensor[] teacher, Tensor[] student, int height, int width, float sigma, bool multiply) -> "
      "(Tensor maps, Tensor scores)");
  library.def(
      "preprocess(Tensor[] images, int height, int width, float[] scale, float[] shift, ScalarType dtype) -> "
      "Tensor");
}

TORCH_LIBRARY_IMPL(reverse_distillation, Autograd, library) {
  library.impl("cosine_map", cosine_map_autograd);
  for (const char* name : {"cosine_map_backward", "upsample_sum", "gaussian_blur", "location_loss",
                           "global_loss", "smooth_maps", "anomaly_map", "preprocess"}) {
    library.impl(name, torch::autograd::autogradNotImplementedFallback());
  }
}

}  // namespace reverse_distillation
