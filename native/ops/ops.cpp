#include "ops/ops.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/autograd.h>
#include <torch/library.h>

#include "ops/checks.h"

namespace reverse_distillation {

namespace {

/// The operator `name`, with the C++ signature of its kernels.
template <typename Signature>
c10::TypedOperatorHandle<Signature> find_operator(const char* name) {
  return c10::Dispatcher::singleton()
      .findSchemaOrThrow((std::string("reverse_distillation::") + name).c_str(), "")
      .typed<Signature>();
}

/// The dispatcher takes the device from the tensors, so there must be one.
void require_tensors(const char* name, at::TensorList tensors) {
  TORCH_CHECK(!tensors.empty(), name, ": expected at least one tensor; got 0");
}

using LossSignature = std::tuple<at::Tensor, std::vector<at::Tensor>>(at::TensorList, at::TensorList);

LossAndGradients call_loss(const c10::TypedOperatorHandle<LossSignature>& op, at::TensorList teacher,
                           at::TensorList student) {
  const at::NoGradGuard no_grad;
  auto [loss, gradients] = op.call(teacher, student);
  return {std::move(loss), std::move(gradients)};
}

}  // namespace

std::vector<at::Tensor> cosine_map(at::TensorList teacher, at::TensorList student) {
  require_tensors("cosine_map", teacher);
  static const auto op = find_operator<decltype(cosine_map)>("cosine_map");
  return op.call(teacher, student);
}

std::vector<at::Tensor> cosine_map_backward(at::TensorList grad, at::TensorList teacher,
                                            at::TensorList student) {
  require_tensors("cosine_map_backward", teacher);
  static const auto op = find_operator<decltype(cosine_map_backward)>("cosine_map_backward");
  return op.call(grad, teacher, student);
}

at::Tensor upsample_sum(at::TensorList maps, int64_t height, int64_t width) {
  require_tensors("upsample_sum", maps);
  static const auto op = find_operator<decltype(upsample_sum)>("upsample_sum");
  return op.call(maps, height, width);
}

at::Tensor upsample_product(at::TensorList maps, int64_t height, int64_t width) {
  check_upsample_sum(maps, height, width);
  at::Tensor product;
  for (const at::Tensor& map : maps) {
    const at::Tensor upsampled = upsample_sum(map, height, width);
    product = product.defined() ? product.mul_(upsampled) : upsampled;
  }
  return product;
}

at::Tensor gaussian_blur(const at::Tensor& maps, double sigma) {
  static const auto op = find_operator<decltype(gaussian_blur)>("gaussian_blur");
  return op.call(maps, sigma);
}

LossAndGradients location_loss(at::TensorList teacher, at::TensorList student) {
  require_tensors("location_loss", teacher);
  static const auto op = find_operator<LossSignature>("location_loss");
  return call_loss(op, teacher, student);
}

LossAndGradients global_loss(at::TensorList teacher, at::TensorList student) {
  require_tensors("global_loss", teacher);
  static const auto op = find_operator<LossSignature>("global_loss");
  return call_loss(op, teacher, student);
}

std::tuple<at::Tensor, at::Tensor> smooth_maps(at::TensorList maps, int64_t height, int64_t width,
                                               double sigma, bool multiply) {
  require_tensors("smooth_maps", maps);
  static const auto op = find_operator<decltype(smooth_maps)>("smooth_maps");
  return op.call(maps, height, width, sigma, multiply);
}

std::tuple<at::Tensor, at::Tensor> anomaly_map(at::TensorList teacher, at::TensorList student, int64_t height,
                                               int64_t width, double sigma, bool multiply) {
  require_tensors("anomaly_map", teacher);
  static const auto op = find_operator<decltype(anomaly_map)>("anomaly_map");
  return op.call(teacher, student, height, width, sigma, multiply);
}

at::Tensor preprocess(at::TensorList images, int64_t height, int64_t width, at::ArrayRef<double> scale,
                      at::ArrayRef<double> shift, at::ScalarType dtype) {
  require_tensors("preprocess", images);
  static const auto op = find_operator<decltype(preprocess)>("preprocess");
  return op.call(images, height, width, scale, shift, dtype);
}

void convolution_epilogue(const at::Tensor& output, const at::Tensor& bias, const at::Tensor& residual,
                          bool relu) {
  using Optional = std::optional<at::Tensor>;
  static const auto op =
      find_operator<void(const at::Tensor&, const Optional&, const Optional&, bool)>("convolution_epilogue");
  const auto given = [](const at::Tensor& tensor) {
    return tensor.defined() ? Optional(tensor) : Optional();
  };
  op.call(output, given(bias), given(residual), relu);
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
  const auto define = [&library](
                          const std::string& name, const std::string& signature,
                          torch::CppFunction autograd = torch::autograd::autogradNotImplementedFallback()) {
    library.def((name + signature).c_str());
    library.impl(name.c_str(), torch::dispatch(c10::DispatchKey::Autograd, std::move(autograd)));
  };
  define("cosine_map", "(Tensor[] teacher, Tensor[] student) -> Tensor[]",
         torch::CppFunction(cosine_map_autograd));
  define("cosine_map_backward", "(Tensor[] grad, Tensor[] teacher, Tensor[] student) -> Tensor[]");
  define("upsample_sum", "(Tensor[] maps, int height, int width) -> Tensor");
  define("gaussian_blur", "(Tensor maps, float sigma) -> Tensor");
  define("location_loss", "(Tensor[] teacher, Tensor[] student) -> (Tensor loss, Tensor[] gradients)");
  define("global_loss", "(Tensor[] teacher, Tensor[] student) -> (Tensor loss, Tensor[] gradients)");
  define("smooth_maps",
         "(Tensor[] maps, int height, int width, float sigma, bool multiply) -> (Tensor smoothed, Tensor "
         "scores)");
  define("anomaly_map",
         "(Tensor[] teacher, Tensor[] student, int height, int width, float sigma, bool multiply) -> (Tensor "
         "maps, Tensor scores)");
  define("convolution_epilogue", "(Tensor(a!) output, Tensor? bias, Tensor? residual, bool relu) -> ()");
  define(
      "preprocess",
      "(Tensor[] images, int height, int width, float[] scale, float[] shift, ScalarType dtype) -> Tensor");
}

}  // namespace reverse_distillation
