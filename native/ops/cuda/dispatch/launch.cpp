#include "ops/cuda/dispatch/launch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>

#include "ops/checks.h"
#include "ops/kernel_math.h"

namespace reverse_distillation::cuda {

void check_launch(cudaError_t error, const char* op) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // Otherwise the next launch in this process would report it again.
  TORCH_CHECK(error != cudaErrorInvalidValue, op, ": too many elements for one launch");
  TORCH_CHECK(false, op, ": CUDA error: ", cudaGetErrorString(error));
}

ElementType element_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return ElementType::kFloat32;
    case at::kHalf:
      return ElementType::kFloat16;
    case at::kBFloat16:
      return ElementType::kBFloat16;
    default:
      TORCH_CHECK(false, "expected float32, float16 or bfloat16; got ", type);
  }
}

DenseFeatures::DenseFeatures(at::TensorList teacher, at::TensorList student)
    : type_(element_type(student[0].scalar_type())), batch_(student[0].size(0)) {
  TORCH_CHECK(student.size() <= kMaxMaps, "on a GPU, at most ", kMaxMaps,
              " pairs of features are supported; got ", student.size());
  for (size_t k = 0; k < student.size(); ++k) {
    TORCH_CHECK(student[k].scalar_type() == student[0].scalar_type(),
                "on a GPU, the features of all pairs must have one type; got ", student[0].scalar_type(),
                " and ", student[k].scalar_type());
    TORCH_CHECK(student[k].device() == student[0].device(), "the features of pair ", k, " are on ",
                student[k].device(), ", but those of the first pair are on ", student[0].device());
    const at::MemoryFormat format = pair_format(teacher[k], student[k]);
    teacher_.push_back(teacher[k].contiguous(format));
    student_.push_back(student[k].contiguous(format));
    if (student[k].numel() == 0) continue;
    pairs_.push_back(
        {teacher_.back().data_ptr(), student_.back().data_ptr(), student[k].size(1),
         student[k].size(2) * student[k].size(3),
         format == at::MemoryFormat::ChannelsLast ? Layout::kChannelsLast : Layout::kChannelsFirst});
  }
}

std::vector<at::Tensor> DenseFeatures::make_maps() const {
  std::vector<at::Tensor> maps;
  for (const at::Tensor& s : student_) {
    maps.push_back(at::empty({s.size(0), s.size(2), s.size(3)}, s.options().dtype(at::kFloat)));
  }
  return maps;
}

std::vector<at::Tensor> DenseFeatures::make_gradients() const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& s : student_) gradients.push_back(at::empty_like(s));
  return gradients;
}

}  // namespace reverse_distillation::cuda
