// What the emulated machine must detect: for each fault, a small kernel that commits it, next to one that
// does it right.

#include <ATen/ATen.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "device_tensor.h"
#include "harness.h"
#include "machine.h"
#include "ops/cuda/execution.cuh"

namespace reverse_distillation::test {

namespace {

using cuda::launch;
using cuda::Shared;

/// Reverses the threads' numbers through shared memory.
__global__ void reverse_kernel(float* output, bool with_barrier) {
  RD_SHARED(float, values, 64);
  const int thread = static_cast<int>(threadIdx.x);
  values[thread] = static_cast<float>(thread);
  if (with_barrier) __syncthreads();
  output[thread] = values[63 - thread];
}

/// Overwrites what other threads read.
__global__ void overwrite_kernel(float* output, bool with_barrier) {
  RD_SHARED(float, value, 1);
  if (threadIdx.x == 0) value[0] = 1.0F;
  __syncthreads();
  output[threadIdx.x] = value[0];
  if (with_barrier) __syncthreads();
  if (threadIdx.x == 0) value[0] = 2.0F;
}

/// Within a warp, a warp barrier suffices.
__global__ void warp_kernel(float* output, bool with_barrier) {
  RD_SHARED(float, values, 32);
  const int thread = static_cast<int>(threadIdx.x);
  values[thread] = static_cast<float>(thread);
  if (with_barrier) __syncwarp();
  output[thread] = values[31 - thread];
}

__global__ void read_unwritten_kernel(float* output) {
  RD_SHARED(float, values, 2);
  if (threadIdx.x == 0) values[0] = 1.0F;
  __syncthreads();
  output[threadIdx.x] = values[1];
}

__global__ void beyond_shared_kernel(float* output, int reach) {
  RD_DYNAMIC_SHARED(float, values);
  values[static_cast<int>(threadIdx.x) + reach] = 1.0F;
  output[threadIdx.x] = 1.0F;
}

__global__ void branch_barrier_kernel() {
  if (threadIdx.x < 5) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void early_return_kernel() {
  if (threadIdx.x == 5) return;
  __syncthreads();
}

__global__ void absent_lane_kernel() {
  if (threadIdx.x % 32 == 7) return;
  __shfl_xor_sync(cuda::kWholeWarp, 1, 1);
}

__global__ void foreign_mask_kernel() { __shfl_xor_sync(0x0000FFFFU, 1, 1); }

__global__ void foreign_source_kernel() {
  if (threadIdx.x < 16) __shfl_xor_sync(0x0000FFFFU, 1, 16);
}

__global__ void mixed_operations_kernel() {
  if (threadIdx.x % 2 == 0) {
    __syncwarp();
  } else {
    __ballot_sync(cuda::kWholeWarp, 1);
  }
}

__global__ void write_kernel(float* output, int offset) {
  output[static_cast<int>(threadIdx.x) + offset] = 1.0F;
}

__global__ void vector_kernel(const float* input, float* output, int offset) {
  const uint4 vector = __ldcs(reinterpret_cast<const uint4*>(input + offset));
  __stwb(reinterpret_cast<uint4*>(output), vector);
}

__global__ void sum_lanes_kernel(int* sums, unsigned* ballots, int* greatest) {
  const int thread = static_cast<int>(threadIdx.x);
  int sum = thread;
  for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(cuda::kWholeWarp, sum, offset);
  sums[thread] = sum;
  ballots[thread] = __ballot_sync(cuda::kWholeWarp, thread % 2);
  greatest[thread] = __reduce_max_sync(cuda::kWholeWarp, -thread);
}

/// The order in which threads reach an atomic.
__global__ void order_kernel(unsigned* counter, int* order) {
  order[atomicAdd(counter, 1U)] = static_cast<int>(threadIdx.x);
}

template <typename... Parameters, typename... Arguments>
void run(void (*kernel)(Parameters...), unsigned threads, size_t shared_bytes,
         const Arguments&... arguments) {
  EXPECT(launch(kernel, dim3(3), dim3(threads), shared_bytes, nullptr, arguments...) == cudaSuccess);
}

}  // namespace

TEST("the emulation finds a missing barrier between a write and a read, in every order") {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    cuda_emulation::Machine::instance().seed(seed);
    const DeviceTensor output(64, at::kFloat);
    run(reverse_kernel, 64, 0, output.data<float>(), true);
    EXPECT_CLOSE(output.host(), at::arange(63, -1, -1), 0.0, 0.0);
    EXPECT_THROWS(run(reverse_kernel, 64, 0, output.data<float>(), false), "shared memory");
  }
}

TEST("the emulation finds a missing barrier between a read and a write, in every order") {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    cuda_emulation::Machine::instance().seed(seed);
    const DeviceTensor output(64, at::kFloat);
    run(overwrite_kernel, 64, 0, output.data<float>(), true);
    EXPECT_THROWS(run(overwrite_kernel, 64, 0, output.data<float>(), false), "race on shared memory");
  }
}

TEST("the emulation finds a missing warp barrier, and accepts one only within a warp") {
  const DeviceTensor output(32, at::kFloat);
  run(warp_kernel, 32, 0, output.data<float>(), true);
  EXPECT_CLOSE(output.host(), at::arange(31, -1, -1), 0.0, 0.0);
  EXPECT_THROWS(run(warp_kernel, 32, 0, output.data<float>(), false), "shared memory");
}

TEST("the emulation finds reads of shared memory that was never written") {
  const DeviceTensor output(32, at::kFloat);
  EXPECT_THROWS(run(read_unwritten_kernel, 32, 0, output.data<float>()), "never written");
}

TEST("the emulation finds accesses beyond either end of shared memory") {
  const DeviceTensor output(32, at::kFloat);
  run(beyond_shared_kernel, 32, 32 * sizeof(float), output.data<float>(), 0);
  EXPECT_THROWS(run(beyond_shared_kernel, 32, 32 * sizeof(float), output.data<float>(), 1),
                "element 32 of a shared array of 32");
  EXPECT_THROWS(run(beyond_shared_kernel, 32, 32 * sizeof(float), output.data<float>(), -1),
                "element -1 of a shared array of 32");
}

TEST("the emulation finds divergent barriers") {
  EXPECT_THROWS(run(branch_barrier_kernel, 64, 0), "divergent barrier");
  EXPECT_THROWS(run(early_return_kernel, 64, 0), "divergent barrier");
}

TEST("the emulation finds warp operations that lanes of their masks do not reach") {
  EXPECT_THROWS(run(absent_lane_kernel, 32, 0), "no thread can go on");
  EXPECT_THROWS(run(foreign_mask_kernel, 32, 0), "leaves it out");
  EXPECT_THROWS(run(foreign_source_kernel, 32, 0), "takes no part");
  EXPECT_THROWS(run(mixed_operations_kernel, 32, 0), "different warp operations");
}

TEST("the emulation finds accesses beyond either end of a buffer, and names thread and block") {
  for (const cuda_emulation::Placement placement :
       {cuda_emulation::Placement::kAtEnd, cuda_emulation::Placement::kAtStart}) {
    const DeviceTensor output(32, at::kFloat, {placement, true});
    run(write_kernel, 32, 0, output.data<float>(), 0);
    EXPECT_CLOSE(output.host(), at::ones({32}), 0.0, 0.0);
  }
  const DeviceTensor at_end(32, at::kFloat, {cuda_emulation::Placement::kAtEnd, true});
  EXPECT_THROWS(run(write_kernel, 32, 0, at_end.data<float>(), 1), "thread (31, 0, 0) of block");
  const DeviceTensor at_start(32, at::kFloat, {cuda_emulation::Placement::kAtStart, true});
  EXPECT_THROWS(run(write_kernel, 32, 0, at_start.data<float>(), -1), "outside of every buffer");
  run(write_kernel, 32, 0, at_start.data<float>(), 1);
  EXPECT_THROWS(at_start.host(), "128 bytes from the start");
}

TEST("the emulation poisons what a kernel does not write") {
  const DeviceTensor output(33, at::kFloat);
  run(write_kernel, 32, 0, output.data<float>(), 0);
  EXPECT(output.host()[32].isnan().item<bool>());
}

TEST("the emulation finds vector accesses that are not aligned") {
  const DeviceTensor input(at::randn({8}));
  const DeviceTensor output(4, at::kFloat);
  run(vector_kernel, 1, 0, input.data<float>(), output.data<float>(), 4);
  EXPECT_CLOSE(output.host(), input.host().slice(0, 4), 0.0, 0.0);
  EXPECT_THROWS(run(vector_kernel, 1, 0, input.data<float>(), output.data<float>(), 1), "aligned");
}

TEST("the emulation refuses launches that no device accepts") {
  const DeviceTensor output(1, at::kFloat);
  EXPECT(launch(write_kernel, dim3(0), dim3(32), 0, nullptr, output.data<float>(), 0) ==
         cudaErrorInvalidConfiguration);
  EXPECT(launch(write_kernel, dim3(1), dim3(1025), 0, nullptr, output.data<float>(), 0) ==
         cudaErrorInvalidConfiguration);
  EXPECT(launch(write_kernel, dim3(1), dim3(32), size_t{228} << 10, nullptr, output.data<float>(), 0) ==
         cudaErrorInvalidValue);
}

TEST("the emulation's warps shuffle, vote and reduce like a device's") {
  const DeviceTensor sums(64, at::kInt);
  const DeviceTensor ballots(64, at::kInt);
  const DeviceTensor greatest(64, at::kInt);
  run(sum_lanes_kernel, 64, 0, sums.data<int>(), ballots.data<unsigned>(), greatest.data<int>());
  EXPECT(sums.host().slice(0, 0, 32).eq(31 * 16).all().item<bool>());
  EXPECT(sums.host().slice(0, 32).eq(31 * 16 + 32 * 32).all().item<bool>());
  EXPECT(ballots.host().eq(static_cast<int>(0xAAAAAAAAU)).all().item<bool>());
  EXPECT(greatest.host().slice(0, 0, 32).eq(0).all().item<bool>());
  EXPECT(greatest.host().slice(0, 32).eq(-32).all().item<bool>());
}

TEST("the emulation runs threads in an order that depends on the seed") {
  const auto order = [](uint32_t seed) {
    cuda_emulation::Machine::instance().seed(seed);
    const DeviceTensor counter(at::zeros({1}, at::kInt));
    const DeviceTensor order(128, at::kInt);
    EXPECT(launch(order_kernel, dim3(1), dim3(128), 0, nullptr, counter.data<unsigned>(),
                  order.data<int>()) == cudaSuccess);
    return order.host();
  };
  EXPECT(at::equal(order(1), order(1)));
  EXPECT(!at::equal(order(1), order(2)));
  EXPECT(at::equal(std::get<0>(order(1).sort()), at::arange(128, at::kInt)));
}

TEST("the emulation's 16-bit types round like PyTorch's, from and to all values") {
  const at::Tensor bits = at::arange(-32768, 32768, at::kInt).to(at::kShort);
  const at::Tensor halves = bits.view(at::kHalf).to(at::kFloat);
  const at::Tensor bfloats = bits.view(at::kBFloat16).to(at::kFloat);
  const at::Tensor values = at::cat({halves, at::nextafter(halves, halves * 2), halves * 1.00048828125,
                                     bfloats, bfloats * 1.00390625, bfloats * 1.0039});
  const at::Tensor expected_halves = values.to(at::kHalf);
  const at::Tensor expected_bfloats = values.to(at::kBFloat16);
  int64_t differing = 0;
  for (int64_t i = 0; i < values.numel(); ++i) {
    const float value = values.data_ptr<float>()[i];
    const auto differs = [](float a, float b) { return !(a == b || (a != a && b != b)); };
    const float half = static_cast<float>(expected_halves.data_ptr<at::Half>()[i]);
    const float bfloat = static_cast<float>(expected_bfloats.data_ptr<at::BFloat16>()[i]);
    if (differs(__half2float(__float2half_rn(value)), half)) ++differing;
    if (differs(__bfloat162float(__float2bfloat16_rn(value)), bfloat)) ++differing;
  }
  EXPECT(differing == 0, differing);
}

}  // namespace reverse_distillation::test
