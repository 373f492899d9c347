/*
 * The package's only .node file: opens LibTorch by absolute path, then the implementation that was
 * built against it. It needs only N-API and dlopen, so it loads on every machine and can say what is
 * wrong there. It exports
 *
 *   open(libraries: string[], implementation: string, expectedMinor: string): object
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

/*
 * Opens one shared library, unless another file of its name is loaded: two copies of LibTorch or two
 * implementations in one process would register the same operators, and LibTorch would end the process.
 */
static void* open_library(napi_env env, const char* path, int flags, size_t compared, const char* code) {
  struct rival_search search = {.path = path, .compared = compared};
  if (stat(path, &search.file) == 0 && dl_iterate_phdr(is_rival, &search)) {
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

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_addon, NULL, &function) == napi_ok)
    napi_set_named_property(env, exports, "open", function);
  return exports;
}
