#include "ops/cpu/cosine_kernels.h"

#include <cmath>

#include "ops/kernel_math.h"

namespace reverse_distillation::cpu {

namespace {

/// The sums that make up the cosine at one position.
struct Sums {
  float teacher;  ///< <t, t>
  float student;  ///< <s, s>
  float product;  ///< <t, s>
};

/// gradient = by_student * s + by_teacher * t
struct Factors {
  float by_teacher;
  float by_student;
};

RD_INLINE float floored_norm(float squares) {
  const float norm = std::sqrt(squares);
  return norm > kNormFloor ? norm : kNormFloor;
}

RD_INLINE float distance_of(Sums sums) {
  return 1.0F - sums.product / (floored_norm(sums.teacher) * floored_norm(sums.student));
}

RD_INLINE Factors factors_of(Sums sums, float grad) {
  const float teacher = floored_norm(sums.teacher);
  const float student = std::sqrt(sums.student);
  if (!(student > kNormFloor)) return {0.0F, 0.0F};
  const float by_teacher = -grad / (teacher * student);
  return {by_teacher, -by_teacher * sums.product / sums.student};
}

template <typename T>
RD_INLINE Sums sums_of_row(const T* teacher, const T* student, int64_t channels) {
  float teacher_sum = 0.0F;
  float student_sum = 0.0F;
  float product_sum = 0.0F;
#pragma omp simd reduction(+ : teacher_sum, student_sum, product_sum)
  for (int64_t c = 0; c < channels; ++c) {
    const float t = load(teacher[c]);
    const float s = load(student[c]);
    teacher_sum += t * t;
    student_sum += s * s;
    product_sum += t * s;
  }
  return {teacher_sum, student_sum, product_sum};
}

template <typename T>
RD_INLINE void rows(const T* teacher, const T* student, int64_t positions, int64_t channels,
                    float* distance) {
  for (int64_t p = 0; p < positions; ++p) {
    distance[p] = distance_of(sums_of_row(teacher + p * channels, student + p * channels, channels));
  }
}

template <typename T>
RD_INLINE void rows_backward(const T* teacher, const T* student, const float* grad, int64_t positions,
                             int64_t channels, T* gradient) {
  for (int64_t p = 0; p < positions; ++p) {
    const T* t = teacher + p * channels;
    const T* s = student + p * channels;
    T* g = gradient + p * channels;
    const Factors factors = factors_of(sums_of_row(t, s, channels), grad[p]);
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      store(g + c, factors.by_teacher * load(t[c]) + factors.by_student * load(s[c]));
    }
  }
}

/// The sums of a block of positions, one channel at a time.
struct BlockSums {
  float teacher[kPlaneBlock];
  float student[kPlaneBlock];
  float product[kPlaneBlock];

  Sums at(int64_t p) const { return {teacher[p], student[p], product[p]}; }
};

template <typename T>
RD_INLINE void sum_planes(const T* teacher, const T* student, int64_t positions, int64_t channels,
                          int64_t stride, BlockSums& sums) {
  for (int64_t p = 0; p < positions; ++p) sums.teacher[p] = sums.student[p] = sums.product[p] = 0.0F;
  for (int64_t c = 0; c < channels; ++c) {
    const T* t = teacher + c * stride;
    const T* s = student + c * stride;
#pragma omp simd
    for (int64_t p = 0; p < positions; ++p) {
      const float tv = load(t[p]);
      const float sv = load(s[p]);
      sums.teacher[p] += tv * tv;
      sums.student[p] += sv * sv;
      sums.product[p] += tv * sv;
    }
  }
}

template <typename T>
RD_INLINE void planes(const T* teacher, const T* student, int64_t positions, int64_t channels, int64_t stride,
                      float* distance) {
  BlockSums sums;
  sum_planes(teacher, student, positions, channels, stride, sums);
  for (int64_t p = 0; p < positions; ++p) distance[p] = distance_of(sums.at(p));
}

template <typename T>
RD_INLINE void planes_backward(const T* teacher, const T* student, const float* grad, int64_t positions,
                               int64_t channels, int64_t stride, T* gradient) {
  BlockSums sums;
  sum_planes(teacher, student, positions, channels, stride, sums);
  float by_teacher[kPlaneBlock];
  float by_student[kPlaneBlock];
  for (int64_t p = 0; p < positions; ++p) {
    const Factors factors = factors_of(sums.at(p), grad[p]);
    by_teacher[p] = factors.by_teacher;
    by_student[p] = factors.by_student;
  }
  for (int64_t c = 0; c < channels; ++c) {
    const T* t = teacher + c * stride;
    const T* s = student + c * stride;
    T* g = gradient + c * stride;
#pragma omp simd
    for (int64_t p = 0; p < positions; ++p) {
      store(g + p, by_teacher[p] * load(t[p]) + by_student[p] * load(s[p]));
    }
  }
}

}  // namespace

// One definition per dtype: GCC clones functions, but not templates, for several instruction sets.

RD_VECTORISED
void cosine_rows(const float* teacher, const float* student, int64_t positions, int64_t channels,
                 float* distance) {
  rows(teacher, student, positions, channels, distance);
}

RD_VECTORISED
void cosine_rows(const BFloat16* teacher, const BFloat16* student, int64_t positions, int64_t channels,
                 float* distance) {
  rows(teacher, student, positions, channels, distance);
}

RD_VECTORISED
void cosine_rows_backward(const float* teacher, const float* student, const float* grad, int64_t positions,
                          int64_t channels, float* gradient) {
  rows_backward(teacher, student, grad, positions, channels, gradient);
}

RD_VECTORISED
void cosine_rows_backward(const BFloat16* teacher, const BFloat16* student, const float* grad,
                          int64_t positions, int64_t channels, BFloat16* gradient) {
  rows_backward(teacher, student, grad, positions, channels, gradient);
}

RD_VECTORISED
void cosine_planes(const float* teacher, const float* student, int64_t positions, int64_t channels,
                   int64_t stride, float* distance) {
  planes(teacher, student, positions, channels, stride, distance);
}

RD_VECTORISED
void cosine_planes(const BFloat16* teacher, const BFloat16* student, int64_t positions, int64_t channels,
                   int64_t stride, float* distance) {
  planes(teacher, student, positions, channels, stride, distance);
}

RD_VECTORISED
void cosine_planes_backward(const float* teacher, const float* student, const float* grad, int64_t positions,
                            int64_t channels, int64_t stride, float* gradient) {
  planes_backward(teacher, student, grad, positions, channels, stride, gradient);
}

RD_VECTORISED
void cosine_planes_backward(const BFloat16* teacher, const BFloat16* student, const float* grad,
                            int64_t positions, int64_t channels, int64_t stride, BFloat16* gradient) {
  planes_backward(teacher, student, grad, positions, channels, stride, gradient);
}

}  // namespace reverse_distillation::cpu
