// Preloaded into Node.js, makes a chosen call of the C library fail: the n-th allocation that the addon or
// c10 asks for, the n-th thread that the addon starts, or the n-th call on files of anyone. It is also an
// addon, through which JavaScript chooses:
//   arm(kind, n, code): the n-th call of the kind fails from now on, n from 1, with this errno; 0 only counts
//   disarm(): no call fails any more; returns how many there were
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

namespace {

enum Kind { kNone, kMemory, kThread, kOpen, kWrite };

std::atomic<int> armed{kNone};
std::atomic<int> calls{0};
std::atomic<int> failing{0};
std::atomic<int> code{0};

struct Range {
  uintptr_t begin;
  uintptr_t end;
};
// What calls an allocation or a thread belongs to: the text of these libraries.
Range ranges[16];
int range_count = 0;

int add_range(struct dl_phdr_info* info, size_t, void* names) {
  for (const char* const* name = static_cast<const char* const*>(names); *name != nullptr; ++name) {
    if (strstr(info->dlpi_name, *name) == nullptr) continue;
    for (int i = 0; i < info->dlpi_phnum && range_count < 16; ++i) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
      const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
      ranges[range_count++] = {begin, begin + segment.p_memsz};
    }
  }
  return 0;
}

bool is_ours(void* caller) {
  const auto address = reinterpret_cast<uintptr_t>(caller);
  for (int i = 0; i < range_count; ++i)
    if (address >= ranges[i].begin && address < ranges[i].end) return true;
  return false;
}

bool fails(Kind kind, void* caller) {
  if (armed.load(std::memory_order_relaxed) != kind) return false;
  if ((kind == kMemory || kind == kThread) && !is_ours(caller)) return false;
  return calls.fetch_add(1) + 1 == failing.load();
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
  if (fails(kMemory, CALLER)) return ENOMEM;
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
  const char* const memory[] = {"reverse_distillation-", "libc10.so", nullptr};
  // std::thread starts its threads inside libstdc++.
  const char* const thread[] = {"reverse_distillation-", "libstdc++", nullptr};
  range_count = 0;
  const bool threads = strcmp(kind, "thread") == 0;
  dl_iterate_phdr(add_range, const_cast<char**>(threads ? thread : memory));
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

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "arm", NAPI_AUTO_LENGTH, arm, nullptr, &function);
  napi_set_named_property(env, exports, "arm", function);
  napi_create_function(env, "disarm", NAPI_AUTO_LENGTH, disarm, nullptr, &function);
  napi_set_named_property(env, exports, "disarm", function);
  return exports;
}
