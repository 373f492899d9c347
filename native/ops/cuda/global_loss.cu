#include "ops/cuda/block_sum.cuh"
#include "ops/cuda/cosine_sums.cuh"
#include "ops/cuda/distillation_loss.h"

namespace reverse_distillation::cuda {

namespace {

/// 16-byte vectors of each tensor that one thread processes.
constexpr int kVectorsPerThread = 8;

/// Elements of one image in a block's chunk.
template <typename T>
constexpr int kChunk = kBlockThreads * kVectorWidth<T> * kVectorsPerThread;

/// One scale: images of `elements` elements, cut into chunks. Each chunk has its own block and its own sums.
template <typename T>
struct FlatScale {
  const T* teacher;
  const T* student;
  T* gradient;
  int64_t elements;  ///< per image
  int chunks;        ///< per image
  int first_block;
  bool vectorised;
};

template <typename T>
struct FlatScales {
  FlatScale<T> at[kMaxMaps];
  int count;
  int batch;
};

/// The chunk and the image that a block works on.
template <typename T>
struct Chunk {
  const FlatScale<T>& scale;
  int first_part;  ///< The first of the image's sums.
  int64_t image;   ///< Index of the image's first element.
  int64_t begin;
  int64_t end;

  __device__ __forceinline__ Chunk(const FlatScale<T>& of) : scale(of) {
    const int block = static_cast<int>(blockIdx.x) - scale.first_block;
    const int n = block / scale.chunks;
    first_part = scale.first_block + n * scale.chunks;
    image = n * scale.elements;
    begin = static_cast<int64_t>(block % scale.chunks) * kChunk<T>;
    end = begin + kChunk<T> < scale.elements ? begin + kChunk<T> : scale.elements;
  }
};

template <typename T>
__device__ __forceinline__ const FlatScale<T>& flat_scale_of_block(const FlatScales<T>& scales) {
  int k = 0;
  while (k + 1 < scales.count && static_cast<int>(blockIdx.x) >= scales.at[k + 1].first_block) ++k;
  return scales.at[k];
}

template <typename T>
__global__ __launch_bounds__(kBlockThreads) void global_sums_kernel(
    const __grid_constant__ FlatScales<T> scales, CosineSums* parts) {
  RD_SHARED(float, teacher_sums, kBlockWarps);
  RD_SHARED(float, student_sums, kBlockWarps);
  RD_SHARED(float, product_sums, kBlockWarps);
  const Chunk<T> chunk(flat_scale_of_block(scales));
  const T* const teacher = chunk.scale.teacher + chunk.image;
  const T* const student = chunk.scale.student + chunk.image;
  CosineSums sums = {};
  if (chunk.scale.vectorised) {
#pragma unroll 4
    for (int64_t i = chunk.begin + threadIdx.x * kVectorWidth<T>; i < chunk.end;
         i += kBlockThreads * kVectorWidth<T>) {
      add_vectors<T>(sums, load_vector(teacher + i), load_vector(student + i));
    }
  } else {
#pragma unroll 4
    for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kBlockThreads) {
      add_to(sums, to_float(teacher[i]), to_float(student[i]));
    }
  }
  sums.teacher = block_sum<float>(sums.teacher, teacher_sums);
  sums.student = block_sum<float>(sums.student, student_sums);
  sums.product = block_sum<float>(sums.product, product_sums);
  if (threadIdx.x == 0) parts[blockIdx.x] = sums;
}

/// The sums of an image from those of its chunks, returned to each lane. All lanes of the warp must call it.
__device__ __forceinline__ CosineSums sum_parts(const CosineSums* parts, int count) {
  CosineSums sums = {};
  for (int i = static_cast<int>(threadIdx.x) % kWarpSize; i < count; i += kWarpSize) sums = sums + parts[i];
  return reduce_lanes(sums, kWarpSize);
}

/// The loss itself, computed by one block with one warp per image and scale.
template <typename T>
__device__ __forceinline__ void write_loss(const FlatScales<T>& scales, const CosineSums* parts,
                                           Shared<double> scratch, float* loss) {
  double part = 0.0;
  for (int k = 0; k < scales.count; ++k) {
    const FlatScale<T>& scale = scales.at[k];
    for (int n = static_cast<int>(threadIdx.x) / kWarpSize; n < scales.batch; n += kBlockWarps) {
      part += distance_of(sum_parts(parts + scale.first_block + n * scale.chunks, scale.chunks));
    }
  }
  const double total = block_sum<double>(threadIdx.x % kWarpSize == 0 ? part : 0.0, scratch);
  if (threadIdx.x == 0) *loss = static_cast<float>(total / scales.batch);
}

/// The last block writes the loss; every other block writes its chunk's gradient.
template <typename T>
__global__ __launch_bounds__(kBlockThreads) void global_gradient_kernel(
    const __grid_constant__ FlatScales<T> scales, const CosineSums* parts, float gradient_scale,
    float* loss) {
  RD_SHARED(double, scratch, kBlockWarps);
  if (blockIdx.x + 1 == gridDim.x) {
    write_loss(scales, parts, scratch, loss);
    return;
  }
  const Chunk<T> chunk(flat_scale_of_block(scales));
  const CosineSums sums = sum_parts(parts + chunk.first_part, chunk.scale.chunks);
  const GradientFactors factors = factors_of(sums, gradient_scale / static_cast<float>(scales.batch));
  const T* const teacher = chunk.scale.teacher + chunk.image;
  const T* const student = chunk.scale.student + chunk.image;
  T* const gradient = chunk.scale.gradient + chunk.image;
  if (chunk.scale.vectorised) {
#pragma unroll 4
    for (int64_t i = chunk.begin + threadIdx.x * kVectorWidth<T>; i < chunk.end;
         i += kBlockThreads * kVectorWidth<T>) {
      store_gradient(gradient + i, load_vector(teacher + i), load_vector(student + i), factors);
    }
  } else {
#pragma unroll 4
    for (int64_t i = chunk.begin + threadIdx.x; i < chunk.end; i += kBlockThreads) {
      gradient[i] = from_float<T>(factors.by_teacher * to_float(teacher[i]) +
                                  factors.by_student * to_float(student[i]));
    }
  }
}

/// `blocks`: set to the number of chunks.
template <typename T>
cudaError_t plan_flat_scales(FeaturePairs pairs, int64_t batch, FlatScales<T>& scales, int& blocks) {
  if (pairs.empty() || pairs.size() > kMaxMaps || batch < 1 || batch > INT_MAX) return cudaErrorInvalidValue;
  int64_t total = 0;
  scales.count = 0;
  scales.batch = static_cast<int>(batch);
  for (const FeaturePair& pair : pairs) {
    if (pair.channels < 1 || pair.positions < 1) return cudaErrorInvalidValue;
    FlatScale<T>& scale = scales.at[scales.count++];
    scale = {};
    scale.teacher = static_cast<const T*>(pair.teacher);
    scale.student = static_cast<const T*>(pair.student);
    scale.elements = pair.channels * pair.positions;
    const int64_t chunks = (scale.elements + kChunk<T> - 1) / kChunk<T>;
    scale.chunks = static_cast<int>(chunks);
    scale.first_block = static_cast<int>(total);
    scale.vectorised = can_vectorise<T>(scale.elements, scale.teacher, scale.student);
    total += batch * chunks;
    // One extra block computes the loss.
    if (total >= INT_MAX) return cudaErrorInvalidValue;
  }
  blocks = static_cast<int>(total);
  return cudaSuccess;
}

}  // namespace

cudaError_t launch_global_loss(FeaturePairs pairs, std::span<void* const> gradients, int64_t batch,
                               ElementType type, float gradient_scale, float* loss, void* workspace,
                               cudaStream_t stream) {
  if (gradients.size() != pairs.size()) return cudaErrorInvalidValue;
  return with_element_type(type, [&]<typename T>(T) {
    FlatScales<T> scales;
    int blocks = 0;
    cudaError_t error = plan_flat_scales(pairs, batch, scales, blocks);
    if (error != cudaSuccess) return error;
    auto* const parts = static_cast<CosineSums*>(workspace);
    error = launch(global_sums_kernel<T>, dim3(blocks), dim3(kBlockThreads), 0, stream, scales, parts);
    if (error != cudaSuccess) return error;

    for (int k = 0; k < scales.count; ++k) {
      FlatScale<T>& scale = scales.at[k];
      scale.gradient = static_cast<T*>(gradients[static_cast<size_t>(k)]);
      scale.vectorised = scale.vectorised && can_vectorise<T>(scale.elements, scale.gradient);
    }
    return launch(global_gradient_kernel<T>, dim3(static_cast<unsigned>(blocks) + 1), dim3(kBlockThreads), 0,
                  stream, scales, parts, gradient_scale, loss);
  });
}

size_t global_loss_workspace(FeaturePairs pairs, int64_t batch, ElementType type) {
  int blocks = 0;
  const cudaError_t error = with_element_type(type, [&]<typename T>(T) {
    FlatScales<T> scales;
    return plan_flat_scales(pairs, batch, scales, blocks);
  });
  return error == cudaSuccess ? static_cast<size_t>(blocks) * sizeof(CosineSums) : 0;
}

}  // namespace reverse_distillation::cuda
