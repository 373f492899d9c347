#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace cuda_emulation {

namespace {

constexpr size_t kStackBytes = size_t{128} << 10;

}  // namespace

#if defined(__x86_64__)

// swapcontext makes a system call for the signal mask at each switch, which costs fifty times as much as the
// switch itself; a block of threads that shuffle switches millions of times.
extern "C" void cuda_emulation_switch(void** from, void* to);
asm(R"(
.text
.globl cuda_emulation_switch
.hidden cuda_emulation_switch
.type cuda_emulation_switch, @function
cuda_emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_emulation_switch, .-cuda_emulation_switch
)");

struct Fiber::Context {
  void (*entry)() = nullptr;
  void* stack = nullptr;
  void* stack_pointer = nullptr;
};

void Fiber::reset() {
  // As if nobody had called `entry`: its return address, above it on the stack, is null.
  constexpr int kSavedRegisters = 6;
  auto* top = reinterpret_cast<void**>(static_cast<char*>(context_->stack) + kStackBytes);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(context_->entry);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  context_->stack_pointer = top;
}

void Fiber::switch_to(Fiber& other) {
  cuda_emulation_switch(&context_->stack_pointer, other.context_->stack_pointer);
}

#else

struct Fiber::Context {
  void (*entry)() = nullptr;
  void* stack = nullptr;
  ucontext_t state = {};
};

void Fiber::reset() {
  getcontext(&context_->state);
  context_->state.uc_stack.ss_sp = context_->stack;
  context_->state.uc_stack.ss_size = kStackBytes;
  context_->state.uc_link = nullptr;
  makecontext(&context_->state, context_->entry, 0);
}

void Fiber::switch_to(Fiber& other) { swapcontext(&context_->state, &other.context_->state); }

#endif

Fiber::Fiber() : context_(std::make_unique<Context>()) {}

Fiber::Fiber(void (*entry)()) : context_(std::make_unique<Context>()) {
  context_->entry = entry;
  void* const stack =
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) throw std::bad_alloc();
  context_->stack = stack;
}

Fiber::~Fiber() {
  if (context_->stack != nullptr) munmap(context_->stack, kStackBytes);
}

}  // namespace cuda_emulation
