// Preloaded into Node.js, makes a chosen call of the C library fail: the n-th allocation that the addon asks
// for, or LibTorch for a tensor, the n-th thread that the addon starts, or the n-th call on files of anyone.
// It is also an addon, through which JavaScript chooses:
//   exempt(ranges): functions of the addon whose allocations do not fail, each as [offset, size]
//   arm(kind, n, code): the n-th call of the kind fails from now on, n from 1, with this errno; 0 only counts
//   disarm(): no call fails any more; returns how many there were
//   places(): the first call from each place in the code, counted from 1, since `arm`
// Kinds: "memory", "thread", "open", "write".

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <node_api.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <set>

namespace {

enum Kind { kNone, kMemory, kThread, kOpen, kWrite };

std::atomic<int> armed{kNone};
std::atomic<int> calls{0};
std::atomic<int> failing{0};
std::atomic<int> code{0};

/// Part of the code of a library.
struct Range {
  uintptr_t begin;
  uintptr_t end;
  bool tensors_only;
};
Range ranges[16];
int range_count = 0;
uintptr_t addon = 0;
Range exempted[64];
int exempted_count = 0;

/// Where calls came from, in order.
void* callers[1 << 16];

int add_ranges(struct dl_phdr_info* info, size_t, void* threads) {
  const auto named = [&](const char* name) { return strstr(info->dlpi_name, name) != nullptr; };
  const bool is_addon = named("reverse_distillation-");
  // std::thread starts its threads inside libstdc++. What c10 allocates besides tensors is LibTorch's own
  // affair.
  const bool is_other = named(threads != nullptr ? "libstdc++" : "libc10.so");
  if (is_addon) addon = info->dlpi_addr;
  for (int i = 0; (is_addon || is_other) && i < info->dlpi_phnum && range_count < 16; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    ranges[range_count++] = {begin, begin + segment.p_memsz, is_other && threads == nullptr};
  }
  return 0;
}

bool contains(const Range& range, uintptr_t address) { return address >= range.begin && address < range.end; }

bool is_ours(void* caller, bool for_tensor) {
  const auto address = reinterpret_cast<uintptr_t>(caller);
  for (int i = 0; i < exempted_count; ++i)
    if (contains(exempted[i], address - addon)) return false;
  for (int i = 0; i < range_count; ++i)
    if (contains(ranges[i], address) && (for_tensor || !ranges[i].tensors_only)) return true;
  return false;
}

bool fails(Kind kind, void* caller, bool for_tensor = false) {
  if (armed.load(std::memory_order_relaxed) != kind) return false;
  if ((kind == kMemory || kind == kThread) && !is_ours(caller, for_tensor)) return false;
  const int call = calls.fetch_add(1) + 1;
  if (call < static_cast<int>(sizeof callers / sizeof *callers)) callers[call] = caller;
  return call == failing.load();
}

template <typename Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define CALLER __builtin_return_address(0)

extern "C" {

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  if (fails(kMemory, CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  if (fails(kMemory, CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  if (fails(kMemory, CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_realloc(old, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
  if (fails(kMemory, CALLER, true)) return ENOMEM;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (fails(kMemory, CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_memalign(alignment, size);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  if (fails(kThread, CALLER)) return EAGAIN;
  static const auto next = real(&pthread_create, "pthread_create");
  return next(thread, attributes, start, argument);
}

#define FAIL_WITH_CODE(kind) \
  if (fails(kind, CALLER)) { \
    errno = code;            \
    return -1;               \
  }

#define OPENS(name)                                                                                     \
  int name(const char* path, int flags, ...) {                                                          \
    va_list arguments;                                                                                  \
    va_start(arguments, flags);                                                                         \
    const mode_t mode = va_arg(arguments, mode_t);                                                      \
    va_end(arguments);                                                                                  \
    FAIL_WITH_CODE(kOpen)                                                                               \
    static const auto next = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, #name)); \
    return next(path, flags, mode);                                                                     \
  }
OPENS(open)
OPENS(open64)

int mkstemp64(char* pattern) {
  FAIL_WITH_CODE(kOpen)
  static const auto next = reinterpret_cast<int (*)(char*)>(dlsym(RTLD_NEXT, "mkstemp64"));
  return next(pattern);
}
int mkstemp(char* pattern) {
  FAIL_WITH_CODE(kOpen)
  static const auto next = reinterpret_cast<int (*)(char*)>(dlsym(RTLD_NEXT, "mkstemp"));
  return next(pattern);
}

ssize_t write(int file, const void* data, size_t size) {
  // Not the pipes and counters of Node's own threads.
  struct stat found;
  if (file > 2 && fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
    FAIL_WITH_CODE(kWrite)
  }
  static const auto next = real(&write, "write");
  return next(file, data, size);
}
ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  FAIL_WITH_CODE(kWrite)
  static const auto next = real(&pwrite64, "pwrite64");
  return next(file, data, size, at);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  FAIL_WITH_CODE(kWrite)
  static const auto next = real(&pwrite, "pwrite");
  return next(file, data, size, at);
}
int fsync(int file) {
  FAIL_WITH_CODE(kWrite)
  static const auto next = real(&fsync, "fsync");
  return next(file);
}
int rename(const char* from, const char* to) {
  FAIL_WITH_CODE(kWrite)
  static const auto next = reinterpret_cast<int (*)(const char*, const char*)>(dlsym(RTLD_NEXT, "rename"));
  return next(from, to);
}
int posix_fallocate64(int file, off64_t from, off64_t length) {
  if (fails(kWrite, CALLER)) return code;
  static const auto next = real(&posix_fallocate64, "posix_fallocate64");
  return next(file, from, length);
}
int posix_fallocate(int file, off_t from, off_t length) {
  if (fails(kWrite, CALLER)) return code;
  static const auto next = real(&posix_fallocate, "posix_fallocate");
  return next(file, from, length);
}

}  // extern "C"

// Replacements of the library's own, so that their caller is the one who asks for memory.
void* operator new(size_t size) {
  void* const made = fails(kMemory, CALLER) ? nullptr : __libc_malloc(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}
void* operator new[](size_t size) {
  void* const made = fails(kMemory, CALLER) ? nullptr : __libc_malloc(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return fails(kMemory, CALLER) ? nullptr : __libc_malloc(size == 0 ? 1 : size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return fails(kMemory, CALLER) ? nullptr : __libc_malloc(size == 0 ? 1 : size);
}

namespace {

napi_value arm(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  char kind[16] = "";
  size_t length = 0;
  napi_get_value_string_utf8(env, arguments[0], kind, sizeof kind, &length);
  int32_t which = 0;
  int32_t number = 0;
  napi_get_value_int32(env, arguments[1], &which);
  napi_get_value_int32(env, arguments[2], &number);
  range_count = 0;
  bool threads = strcmp(kind, "thread") == 0;
  dl_iterate_phdr(add_ranges, threads ? &threads : nullptr);
  calls = 0;
  failing = which;
  code = number;
  armed = threads                       ? kThread
          : strcmp(kind, "memory") == 0 ? kMemory
          : strcmp(kind, "open") == 0   ? kOpen
                                        : kWrite;
  return nullptr;
}

napi_value disarm(napi_env env, napi_callback_info) {
  armed = kNone;
  napi_value made;
  napi_create_int32(env, calls.load(), &made);
  return made;
}

napi_value exempt(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value list;
  napi_get_cb_info(env, info, &count, &list, nullptr, nullptr);
  uint32_t length = 0;
  napi_get_array_length(env, list, &length);
  for (uint32_t i = 0; i < length && exempted_count < 64; ++i) {
    double numbers[2] = {};
    napi_value range;
    napi_get_element(env, list, i, &range);
    for (uint32_t j = 0; j < 2; ++j) {
      napi_value number;
      napi_get_element(env, range, j, &number);
      napi_get_value_double(env, number, &numbers[j]);
    }
    const auto begin = static_cast<uintptr_t>(numbers[0]);
    exempted[exempted_count++] = {begin, begin + static_cast<uintptr_t>(numbers[1]), false};
  }
  return nullptr;
}

napi_value places(napi_env env, napi_callback_info) {
  napi_value list;
  napi_create_array(env, &list);
  std::set<void*> seen;
  for (int call = 1; call <= calls; ++call) {
    if (!seen.insert(callers[call]).second) continue;
    napi_value number;
    napi_create_int32(env, call, &number);
    napi_set_element(env, list, static_cast<uint32_t>(seen.size() - 1), number);
  }
  return list;
}

}  // namespace

NAPI_MODULE_INIT() {
  const auto add = [&](const char* name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  add("arm", arm);
  add("disarm", disarm);
  add("exempt", exempt);
  add("places", places);
  return exports;
}
