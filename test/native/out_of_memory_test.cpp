#include "core/out_of_memory.h"

#include "harness.h"

namespace reverse_distillation::test::out_of_memory_test {

TEST("a GPU's out-of-memory error says how much was requested and how much was free") {
  const std::string message =
      "CUDA out of memory. Tried to allocate 128.00 GiB. GPU 1 has a total capacity of 79.19 GiB of which "
      "77.31 GiB is free. Including non-PyTorch memory, this process has 1.87 GiB memory in use. See "
      "documentation.";
  EXPECT(tells_of_exhausted_memory(message));
  EXPECT(describe_exhausted_memory(message) ==
             "GPU 1 is out of memory: 128.00 GiB were requested, and 77.31 GiB of its 79.19 GiB were "
             "free. Use smaller batches, smaller images or a smaller backbone.",
         describe_exhausted_memory(message));
}

TEST("the CPU's out-of-memory error says how much was requested") {
  const std::string message =
      "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to "
      "allocate 1099511627776 bytes. Error code 12 (Cannot allocate memory)";
  EXPECT(tells_of_exhausted_memory(message));
  EXPECT(
      describe_exhausted_memory(message).starts_with("Out of memory: 1099511627776 bytes were requested."));
}

TEST("out-of-memory errors of the libraries below LibTorch are recognised, and other failures are not") {
  EXPECT(
      tells_of_exhausted_memory("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"));
  EXPECT(tells_of_exhausted_memory("CUDA error: out of memory"));
  EXPECT(!tells_of_exhausted_memory("Expected all tensors to be on the same device"));
  EXPECT(describe_exhausted_memory("CUDA error: out of memory")
             .starts_with("CUDA error: out of memory. Use smaller"));
}

}  // namespace reverse_distillation::test::out_of_memory_test
