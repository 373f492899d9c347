/*
 * The package's only .node file: opens LibTorch by absolute path, then the implementation that was
 * built against it. It needs only N-API and dlopen, so it loads on every machine and can say what is
 * wrong there. It exports
 *
 *   preload(libraries: string[]): Promise<void>
 *   open(libraries: string[], implementation: string, expectedMinor: string): object
 *
 * preload() opens the libraries on another thread, which takes up to seconds, so that open() has little left
 * to do. It always resolves: open() reports what is wrong.
 *
 * libraries: LibTorch's shared libraries, dependencies first; implementation: the file that exports
 * napi_register_module_v1; expectedMinor: the LibTorch that it was built against, such as "2.13".
 * Returns the implementation's exports. Throws an Error with the `code` LIBTORCH_INCOMPATIBLE,
 * ADDON_NOT_FOUND, or INTERNAL for arguments of the wrong kind. May be called again, in any environment.
 *
 * Libraries are never closed: LibTorch does not survive being unloaded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <node_api.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char* const kIncompatible = "LIBTORCH_INCOMPATIBLE";
static const char* const kNotFound = "ADDON_NOT_FOUND";
static const char* const kInternal = "INTERNAL";

static const char* const kImplementationPrefix = "reverse_distillation-";

/* Throws an Error with a code. Returns 0, which means "failed" for every function in this file. */
__attribute__((format(printf, 3, 4))) static int fail(napi_env env, const char* code, const char* format,
                                                      ...) {
  char message[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message);
  return 0;
}

/* The string's characters, to be freed by the caller, or NULL with an exception pending. */
static char* read_string(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    fail(env, kInternal,
         "open() expects (libraries: string[], implementation: string, expectedMinor: string)");
    return NULL;
  }
  char* text = malloc(length + 1);
  if (text == NULL) {
    fail(env, kInternal, "out of memory");
    return NULL;
  }
  napi_get_value_string_utf8(env, value, text, length + 1, &length);
  return text;
}

static const char* base_name(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* A search among the loaded objects for another file that would be the same library as `path`. */
struct rival_search {
  const char* path;
  struct stat file;
  size_t compared; /* how many characters of the base name must agree; 0: all */
  char rival[1024];
};

static int is_rival(struct dl_phdr_info* object, size_t size, void* data) {
  (void)size;
  struct rival_search* search = data;
  const char* name = base_name(search->path);
  const char* other = base_name(object->dlpi_name);
  const int differs = search->compared > 0 ? strncmp(name, other, search->compared) : strcmp(name, other);
  if (differs) return 0;
  struct stat file;
  const int same = stat(object->dlpi_name, &file) == 0 && file.st_dev == search->file.st_dev &&
                   file.st_ino == search->file.st_ino;
  if (same) return 0;
  snprintf(search->rival, sizeof search->rival, "%s", object->dlpi_name);
  return 1;
}

/* The path of a loaded object that forbids to open `path`, left in `search`; 0 if there is none. */
static int has_rival(struct rival_search* search) {
  return stat(search->path, &search->file) == 0 && dl_iterate_phdr(is_rival, search);
}

/*
 * Opens one shared library, unless another file of its name is loaded: two copies of LibTorch or two
 * implementations in one process would register the same operators, and LibTorch would end the process.
 */
static void* open_library(napi_env env, const char* path, int flags, size_t compared, const char* code) {
  struct rival_search search = {.path = path, .compared = compared};
  if (has_rival(&search)) {
    fail(env, code, "cannot open %s: %s is already loaded, and a process can hold only one of them", path,
         search.rival);
    return NULL;
  }
  void* library = dlopen(path, RTLD_NOW | flags);
  if (library == NULL) fail(env, code, "cannot open a shared library: %s", dlerror());
  return library;
}

/* Opens every library of the array, globally, so that the implementation finds LibTorch's symbols. */
static int open_libtorch(napi_env env, napi_value libraries) {
  uint32_t count;
  if (napi_get_array_length(env, libraries, &count) != napi_ok || count == 0)
    return fail(env, kInternal, "open() expects a non-empty array of libraries");
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    if (napi_get_element(env, libraries, i, &element) != napi_ok)
      return fail(env, kInternal, "cannot read the array of libraries");
    char* path = read_string(env, element);
    if (path == NULL) return 0;
    const void* library = open_library(env, path, RTLD_GLOBAL, 0, kIncompatible);
    free(path);
    if (library == NULL) return 0;
  }
  return 1;
}

/*
 * Refuses a LibTorch of another minor version. An implementation would open without complaint, since the
 * names of the symbols agree, but would then use classes with a different layout.
 */
static int check_version(napi_env env, const char* expected_minor) {
  /* The default scope, not a handle: this is the definition that the implementation will bind to. */
  void* const symbol = dlsym(RTLD_DEFAULT, "aoti_torch_abi_version");
  if (symbol == NULL)
    return fail(env, kIncompatible, "the LibTorch that was opened does not report its version: %s",
                dlerror());
  uint64_t (*abi_version)(void);
  memcpy(&abi_version, &symbol, sizeof abi_version); /* ISO C has no cast from object to function */

  const uint64_t version = abi_version(); /* major, minor and patch in the three highest bytes */
  char minor[16];
  snprintf(minor, sizeof minor, "%u.%u", (unsigned)(version >> 56 & 0xff), (unsigned)(version >> 48 & 0xff));
  if (strcmp(minor, expected_minor) == 0) return 1;

  Dl_info origin;
  const char* const file = dladdr(symbol, &origin) ? origin.dli_fname : "an unknown file";
  return fail(env, kIncompatible,
              "the native addon was built against LibTorch %s and does not run on LibTorch %s (%s)",
              expected_minor, minor, file);
}

/* Runs the implementation's registration in this environment; NULL with an exception pending. */
static napi_value register_implementation(napi_env env, const char* path) {
  void* const library = open_library(env, path, RTLD_LOCAL, strlen(kImplementationPrefix), kNotFound);
  if (library == NULL) return NULL;
  void* const symbol = dlsym(library, "napi_register_module_v1");
  if (symbol == NULL) {
    fail(env, kNotFound, "%s is not an implementation of this package: %s", path, dlerror());
    return NULL;
  }
  napi_value (*register_module)(napi_env, napi_value);
  memcpy(&register_module, &symbol, sizeof register_module);

  napi_value exports;
  if (napi_create_object(env, &exports) != napi_ok) {
    fail(env, kInternal, "cannot create the exports of %s", path);
    return NULL;
  }
  napi_value const returned = register_module(env, exports);
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return NULL;
  return returned == NULL ? exports : returned;
}

static napi_value open_addon(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;

  char* const implementation = read_string(env, arguments[1]);
  char* const expected_minor = implementation == NULL ? NULL : read_string(env, arguments[2]);
  napi_value exports = NULL;
  if (expected_minor != NULL && open_libtorch(env, arguments[0]) && check_version(env, expected_minor))
    exports = register_implementation(env, implementation);
  free(implementation);
  free(expected_minor);
  return exports;
}

/* Libraries to open on another thread. */
struct preloading {
  napi_async_work work;
  napi_deferred deferred;
  uint32_t count;
  char* paths[];
};

static void free_preloading(struct preloading* preloading) {
  for (uint32_t i = 0; i < preloading->count; i++) free(preloading->paths[i]);
  free(preloading);
}

static void preload_libraries(napi_env env, void* data) {
  (void)env;
  const struct preloading* preloading = data;
  for (uint32_t i = 0; i < preloading->count; i++) {
    struct rival_search search = {.path = preloading->paths[i]};
    if (has_rival(&search) || dlopen(search.path, RTLD_NOW | RTLD_GLOBAL) == NULL) return;
  }
}

static void finish_preloading(napi_env env, napi_status status, void* data) {
  (void)status;
  struct preloading* preloading = data;
  napi_value undefined;
  if (napi_get_undefined(env, &undefined) == napi_ok)
    napi_resolve_deferred(env, preloading->deferred, undefined);
  napi_delete_async_work(env, preloading->work);
  free_preloading(preloading);
}

static napi_value preload(napi_env env, napi_callback_info info) {
  napi_value libraries, name, promise;
  size_t argument_count = 1;
  uint32_t count;
  if (napi_get_cb_info(env, info, &argument_count, &libraries, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_array_length(env, libraries, &count) != napi_ok) {
    fail(env, kInternal, "preload() expects an array of libraries");
    return NULL;
  }
  struct preloading* const preloading = calloc(1, sizeof *preloading + count * sizeof *preloading->paths);
  if (preloading == NULL) {
    fail(env, kInternal, "out of memory");
    return NULL;
  }
  for (; preloading->count < count; preloading->count++) {
    napi_value element;
    char* path = NULL;
    if (napi_get_element(env, libraries, preloading->count, &element) == napi_ok)
      path = read_string(env, element);
    if (path == NULL) {
      fail(env, kInternal, "cannot read the array of libraries");
      free_preloading(preloading);
      return NULL;
    }
    preloading->paths[preloading->count] = path;
  }
  if (napi_create_string_utf8(env, "reverse-distillation", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_promise(env, &preloading->deferred, &promise) != napi_ok ||
      napi_create_async_work(env, NULL, name, preload_libraries, finish_preloading, preloading,
                             &preloading->work) != napi_ok ||
      napi_queue_async_work(env, preloading->work) != napi_ok) {
    free_preloading(preloading);
    fail(env, kInternal, "cannot open libraries on another thread");
    return NULL;
  }
  return promise;
}

static void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT() {
  export_function(env, exports, "preload", preload);
  export_function(env, exports, "open", open_addon);
  return exports;
}
