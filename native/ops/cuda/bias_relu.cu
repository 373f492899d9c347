#include "ops/cuda/bias_relu.h"

#include <climits>

#include "ops/cuda/element.cuh"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::cuda {

namespace {

/// Packets that each thread reads before it computes: enough 16-byte reads in flight to fill the memory's
/// pipe.
constexpr int kPackets = 4;

/// A packet is 16 bytes, or one element where 16 bytes cannot be read at once.
template <typename T>
struct Task {
  T* values;
  const T* residual;
  const float* bias;
  int64_t packets;
  int channels;
  int packets_of_channel;   ///< Channels-first: packets of one channel of one image.
  int packets_of_position;  ///< Channels-last: packets of one position.
};

template <typename T, int kWidth>
struct Packet;

template <typename T>
struct Packet<T, kVectorWidth<T>> {
  uint4 bits;
  __device__ __forceinline__ void load(const T* source) { bits = load_vector(source); }
  __device__ __forceinline__ void to(float (&values)[kVectorWidth<T>]) const { unpack<T>(bits, values); }
  static __device__ __forceinline__ void store(T* target, const float (&values)[kVectorWidth<T>]) {
    store_vector(target, values);
  }
};

template <typename T>
struct Packet<T, 1> {
  T element;
  __device__ __forceinline__ void load(const T* source) { element = *source; }
  __device__ __forceinline__ void to(float (&values)[1]) const { values[0] = to_float(element); }
  static __device__ __forceinline__ void store(T* target, const float (&values)[1]) {
    *target = from_float<T>(values[0]);
  }
};

/// Keeps NaN, unlike fmaxf.
__device__ __forceinline__ float relu(float value) { return value < 0.0F ? 0.0F : value; }

template <typename T, int kWidth, bool kChannelsLast, bool kResidual>
__global__ __launch_bounds__(kBlockThreads) void bias_relu_kernel(const __grid_constant__ Task<T> task) {
  const int64_t first = static_cast<int64_t>(blockIdx.x) * (kBlockThreads * kPackets);
  const int thread = static_cast<int>(threadIdx.x);
  Packet<T, kWidth> own[kPackets];
  Packet<T, kWidth> other[kPackets];
#pragma unroll
  for (int i = 0; i < kPackets; ++i) {
    const int64_t packet = first + i * kBlockThreads + thread;
    if (packet >= task.packets) break;
    own[i].load(task.values + packet * kWidth);
    if constexpr (kResidual) other[i].load(task.residual + packet * kWidth);
  }
  // Divisions of 64 bits once a block, those of 32 bits for each packet.
  const int period = kChannelsLast ? task.packets_of_position : task.packets_of_channel;
  const auto before = static_cast<int>(first % period);
  const auto channel_before = static_cast<int>(first / period % task.channels);
#pragma unroll
  for (int i = 0; i < kPackets; ++i) {
    const int64_t packet = first + i * kBlockThreads + thread;
    if (packet >= task.packets) return;
    const int step = before + i * kBlockThreads + thread;
    float values[kWidth];
    own[i].to(values);
    if constexpr (kChannelsLast) {
      const int channel = step % period * kWidth;
#pragma unroll
      for (int j = 0; j < kWidth; ++j) values[j] += task.bias[channel + j];
    } else {
      const float bias = task.bias[(channel_before + step / period) % task.channels];
#pragma unroll
      for (int j = 0; j < kWidth; ++j) values[j] += bias;
    }
    if constexpr (kResidual) {
      float added[kWidth];
      other[i].to(added);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) values[j] += added[j];
    }
#pragma unroll
    for (int j = 0; j < kWidth; ++j) values[j] = relu(values[j]);
    Packet<T, kWidth>::store(task.values + packet * kWidth, values);
  }
}

template <typename T, int kWidth>
cudaError_t launch_packets(const ConvolutionOutput& output, const float* bias, const void* residual,
                           cudaStream_t stream) {
  const bool channels_last = output.layout == Layout::kChannelsLast;
  Task<T> task = {};
  task.values = static_cast<T*>(output.values);
  task.residual = static_cast<const T*>(residual);
  task.bias = bias;
  task.packets = output.images * output.channels * output.positions / kWidth;
  if (output.channels > INT_MAX / 2 || output.positions > INT_MAX / 2) return cudaErrorInvalidValue;
  task.channels = static_cast<int>(output.channels);
  task.packets_of_channel = static_cast<int>(output.positions / kWidth);
  task.packets_of_position = static_cast<int>(output.channels / kWidth);
  constexpr int64_t kBlockPackets = kBlockThreads * kPackets;
  const int64_t blocks = (task.packets + kBlockPackets - 1) / kBlockPackets;
  if (blocks > INT_MAX) return cudaErrorInvalidValue;
  if (blocks == 0) return cudaSuccess;
  const auto start = [&](void (*kernel)(Task<T>)) {
    return launch(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kBlockThreads), 0, stream, task);
  };
  if (channels_last) {
    return residual == nullptr ? start(bias_relu_kernel<T, kWidth, true, false>)
                               : start(bias_relu_kernel<T, kWidth, true, true>);
  }
  return residual == nullptr ? start(bias_relu_kernel<T, kWidth, false, false>)
                             : start(bias_relu_kernel<T, kWidth, false, true>);
}

}  // namespace

cudaError_t launch_bias_relu(const ConvolutionOutput& output, const float* bias, const void* residual,
                             ElementType type, cudaStream_t stream) {
  return with_element_type(type, [&]<typename T>(T) {
    const int64_t row = output.layout == Layout::kChannelsLast ? output.channels : output.positions;
    const auto* const values = static_cast<const T*>(output.values);
    const auto* const added = static_cast<const T*>(residual);
    return can_vectorise<T>(row, values, added)
               ? launch_packets<T, kVectorWidth<T>>(output, bias, residual, stream)
               : launch_packets<T, 1>(output, bias, residual, stream);
  });
}

}  // namespace reverse_distillation::cuda
