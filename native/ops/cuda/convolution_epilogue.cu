#include "ops/cuda/convolution_epilogue.h"

#include <climits>

#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Vectors that a thread loads before it stores the first, if there are enough to occupy the GPU.
constexpr int kVectorsPerThread = 4;

/// Blocks that occupy the GPU. With fewer, each thread takes one vector, so that there are more.
constexpr int64_t kOccupyingBlocks = 256;

constexpr int64_t kMaxChannels = 65535;

/// The elements in `width` consecutive places: a vector, or one element.
template <typename T, int kWidth>
struct Elements {
  T values[kWidth];
};

template <typename T, int kWidth>
__device__ __forceinline__ Elements<T, kWidth> load(const T* source) {
  Elements<T, kWidth> elements;
  if constexpr (kWidth == 1) {
    elements.values[0] = *source;
  } else {
    static_assert(sizeof(elements) % 16 == 0);
    uint4 words[sizeof(elements) / 16];
#pragma unroll
    for (size_t i = 0; i < sizeof(elements) / 16; ++i) words[i] = reinterpret_cast<const uint4*>(source)[i];
    memcpy(&elements, words, sizeof(elements));
  }
  return elements;
}

template <typename T, int kWidth>
__device__ __forceinline__ void store(T* target, const float (&values)[kWidth]) {
  if constexpr (kWidth == 1) {
    *target = from_float<T>(values[0]);
  } else {
    store_vector(target, values);
  }
}

/// A block handles kVectors * kBlockThreads consecutive vectors of kWidth elements.
template <typename T, int kWidth, int kVectors>
__global__ __launch_bounds__(kBlockThreads) void epilogue_kernel(
    const __grid_constant__ ConvolutionEpilogue epilogue) {
  const auto vectors_across = static_cast<unsigned>(epilogue.channels / kWidth);
  const int64_t vectors = epilogue.positions * vectors_across;
  const int64_t first =
      static_cast<int64_t>(blockIdx.x) * (kVectors * kBlockThreads) + static_cast<int>(threadIdx.x);
  T* const output = static_cast<T*>(epilogue.output);
  const T* const residual = static_cast<const T*>(epilogue.residual);

  Elements<T, kWidth> sums[kVectors];
  Elements<T, kWidth> added[kVectors];
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    const int64_t vector = first + i * kBlockThreads;
    if (vector >= vectors) break;
    sums[i] = load<T, kWidth>(output + vector * kWidth);
    if (residual != nullptr) added[i] = load<T, kWidth>(residual + vector * kWidth);
  }

  // The remainder of `first` by vectors_across, without a division in 64 bits: both factors are below 2^16.
  const unsigned start = blockIdx.x % vectors_across * (kVectors * kBlockThreads % vectors_across);
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    const int64_t vector = first + i * kBlockThreads;
    if (vector >= vectors) break;
    float values[kWidth];
#pragma unroll
    for (int k = 0; k < kWidth; ++k) values[k] = to_float(sums[i].values[k]);
    if (epilogue.bias != nullptr) {
      const unsigned column = (start % vectors_across + threadIdx.x + i * kBlockThreads) % vectors_across;
      const auto bias = load<float, kWidth>(epilogue.bias + column * kWidth);
#pragma unroll
      for (int k = 0; k < kWidth; ++k) values[k] += bias.values[k];
    }
    if (residual != nullptr) {
#pragma unroll
      for (int k = 0; k < kWidth; ++k) values[k] += to_float(added[i].values[k]);
    }
    if (epilogue.relu) {
#pragma unroll
      for (int k = 0; k < kWidth; ++k) values[k] = values[k] < 0.0F ? 0.0F : values[k];
    }
    store<T, kWidth>(output + vector * kWidth, values);
  }
}

template <typename T, int kWidth, int kVectors>
cudaError_t launch_blocks(const ConvolutionEpilogue& epilogue, cudaStream_t stream) {
  constexpr int64_t kElements = int64_t{kVectors} * kBlockThreads * kWidth;
  const int64_t blocks = (epilogue.positions * epilogue.channels + kElements - 1) / kElements;
  if (blocks > INT_MAX) return cudaErrorInvalidValue;
  return launch(epilogue_kernel<T, kWidth, kVectors>, dim3(static_cast<unsigned>(blocks)),
                dim3(kBlockThreads), 0, stream, epilogue);
}

template <typename T, int kWidth>
cudaError_t launch_width(const ConvolutionEpilogue& epilogue, cudaStream_t stream) {
  constexpr int64_t kEnough = kOccupyingBlocks * kVectorsPerThread * kBlockThreads * kWidth;
  return epilogue.positions * epilogue.channels >= kEnough
             ? launch_blocks<T, kWidth, kVectorsPerThread>(epilogue, stream)
             : launch_blocks<T, kWidth, 1>(epilogue, stream);
}

}  // namespace

cudaError_t launch_convolution_epilogue(const ConvolutionEpilogue& epilogue, ElementType type,
                                        cudaStream_t stream) {
  if (epilogue.positions < 0 || epilogue.channels < 1 || epilogue.channels > kMaxChannels) {
    return cudaErrorInvalidValue;
  }
  if (epilogue.positions == 0) return cudaSuccess;
  return with_element_type(type, [&]<typename T>(T) {
    const bool vectors = can_vectorise<T>(epilogue.channels, static_cast<const T*>(epilogue.output),
                                          static_cast<const T*>(epilogue.residual), epilogue.bias);
    return vectors ? launch_width<T, kVectorWidth<T>>(epilogue, stream)
                   : launch_width<T, 1>(epilogue, stream);
  });
}

}  // namespace reverse_distillation::cuda
