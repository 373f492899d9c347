// ThreadSanitizer knows neither how OpenMP hands work to its threads nor that it waits for them, since
// LibTorch's OpenMP is not instrumented. This stands before OpenMP's function and says so.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

struct Region {
  void (*work)(void*);
  void* data;
  char begun;
  char ended;
};

void run(void* given) {
  auto* const region = static_cast<Region*>(given);
  __tsan_acquire(&region->begun);
  region->work(region->data);
  __tsan_release(&region->ended);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void GOMP_parallel(void (*work)(void*), void* data,
                                                                     unsigned threads, unsigned flags) {
  using Function = void (*)(void (*)(void*), void*, unsigned, unsigned);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "GOMP_parallel"));
  Region region = {work, data, 0, 0};
  __tsan_release(&region.begun);
  next(run, &region, threads, flags);
  __tsan_acquire(&region.ended);
}
