#include <ATen/ATen.h>

#include "harness.h"
#include "naive.h"
#include "ops/ops.h"

namespace reverse_distillation::test::fused_ops_test {

namespace {

struct Features {
  std::vector<at::Tensor> teacher;
  std::vector<at::Tensor> student;
};

Features random_features(at::ScalarType type, at::MemoryFormat format) {
  Features features;
  for (const auto& shape : {std::vector<int64_t>{3, 8, 6, 5}, {3, 16, 3, 2}, {3, 5, 1, 1}}) {
    features.teacher.push_back(at::randn(shape).to(type).contiguous(format));
    features.student.push_back(at::randn(shape).to(type).contiguous(format));
  }
  return features;
}

/// Value and gradient by automatic differentiation in double precision.
LossAndGradients differentiate(const Features& features, bool flattened) {
  std::vector<at::Tensor> student;
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (size_t k = 0; k < features.student.size(); ++k) {
    student.push_back(features.student[k].to(at::kDouble).detach().set_requires_grad(true));
    const at::Tensor t = features.teacher[k].to(at::kDouble);
    const at::Tensor similarity = flattened
                                      ? at::cosine_similarity(t.flatten(1), student[k].flatten(1), 1, 1e-8)
                                      : at::cosine_similarity(t, student[k], 1, 1e-8);
    loss = loss + (1.0 - similarity).mean();
  }
  loss.backward();
  LossAndGradients result;
  result.loss = loss.detach();
  for (const at::Tensor& s : student) result.gradients.push_back(s.grad());
  return result;
}

}  // namespace

TEST(
    "location_loss and global_loss equal automatic differentiation, with gradients in the student's dtype "
    "and "
    "layout") {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const at::MemoryFormat format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const Features features = random_features(type, format);
      for (const bool flattened : {false, true}) {
        const LossAndGradients expected = differentiate(features, flattened);
        const LossAndGradients actual = flattened ? global_loss(features.teacher, features.student)
                                                  : location_loss(features.teacher, features.student);
        EXPECT(actual.loss.scalar_type() == at::kFloat && actual.loss.dim() == 0);
        EXPECT_CLOSE(actual.loss, expected.loss, 1e-5, 0.0);
        for (size_t k = 0; k < features.student.size(); ++k) {
          const at::Tensor& gradient = actual.gradients[k];
          EXPECT(gradient.scalar_type() == type && gradient.is_contiguous(format));
          EXPECT_CLOSE(gradient, expected.gradients[k], type == at::kFloat ? 1e-6 : 1e-3, 8e-3);
        }
      }
    }
  }
}

TEST("location_loss and global_loss have no gradient at a zero student vector, and a distance of 1") {
  const std::vector<at::Tensor> teacher = {at::randn({2, 4, 3, 3})};
  const std::vector<at::Tensor> student = {at::zeros({2, 4, 3, 3})};
  for (const LossAndGradients& result : {location_loss(teacher, student), global_loss(teacher, student)}) {
    EXPECT(result.loss.item<float>() == 1.0F);
    EXPECT(at::equal(result.gradients[0], at::zeros_like(student[0])));
  }
}

TEST("location_loss and global_loss refuse features without positions, and state their shape") {
  EXPECT_THROWS(location_loss(at::rand({0, 4, 2, 2}), at::rand({0, 4, 2, 2})), "[0, 4, 2, 2]");
  EXPECT_THROWS(global_loss(at::rand({1, 4, 0, 2}), at::rand({1, 4, 0, 2})), "[1, 4, 0, 2]");
}

TEST("anomaly_map up-samples the distances, adds or multiplies and smooths them, and takes the maximum") {
  const Features features = random_features(at::kFloat, at::MemoryFormat::ChannelsLast);
  at::Tensor sum = at::zeros({3, 20, 24}, at::kDouble);
  at::Tensor product = at::ones({3, 20, 24}, at::kDouble);
  for (size_t k = 0; k < features.student.size(); ++k) {
    const at::Tensor map =
        naive_upsample_sum({naive_cosine_map(features.teacher[k], features.student[k])}, 20, 24);
    sum += map;
    product *= map;
  }
  for (const bool multiply : {false, true}) {
    const auto [maps, scores] = anomaly_map(features.teacher, features.student, 20, 24, 1.5, multiply);
    EXPECT_CLOSE(maps, naive_gaussian_blur(multiply ? product : sum, 1.5), 1e-5, 0.0);
    EXPECT(at::equal(scores, maps.flatten(1).amax(1)));
  }
  const auto [none, no_scores] =
      anomaly_map(at::rand({0, 4, 2, 2}), at::rand({0, 4, 2, 2}), 8, 8, 1.0, false);
  EXPECT(none.sizes() == at::IntArrayRef({0, 8, 8}) && no_scores.sizes() == at::IntArrayRef({0}));
}

TEST("features of float16 are refused on the CPU") {
  const at::Tensor features = at::rand({1, 4, 2, 2}).to(at::kHalf);
  EXPECT_THROWS(cosine_map(features, features), "on a GPU");
}

}  // namespace reverse_distillation::test::fused_ops_test
