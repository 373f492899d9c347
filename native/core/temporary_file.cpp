#include "core/temporary_file.h"

#include <ATen/ops/from_file.h>
#include <c10/core/ScalarType.h>
#include <c10/util/accumulate.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <system_error>

#include "core/error.h"

namespace reverse_distillation {

namespace {

/// A file that is closed and loses its name when this goes out of scope.
class NamedFile {
 public:
  explicit NamedFile(const std::string& folder)
      : path_(folder + "/reverse-distillation-map-XXXXXX"), descriptor_(mkstemp(path_.data())) {
    if (descriptor_ < 0) fail("cannot be created", errno);
  }
  ~NamedFile() {
    close(descriptor_);
    unlink(path_.c_str());
  }
  NamedFile(const NamedFile&) = delete;
  NamedFile& operator=(const NamedFile&) = delete;

  const std::string& path() const { return path_; }

  void reserve(int64_t bytes) {
    const int failure = posix_fallocate(descriptor_, 0, bytes);
    if (failure != 0) fail("has no room for " + std::to_string(bytes) + " bytes", failure);
  }

 private:
  [[noreturn]] void fail(const std::string& what, int failure) const {
    throw Error(ErrorCode::kIo, "The temporary file " + path_ + " " + what + ": " +
                                    std::generic_category().message(failure) +
                                    ". Set TMPDIR to another folder, or lower featureDisk.");
  }

  std::string path_;
  int descriptor_;
};

}  // namespace

at::Tensor map_temporary_file(const std::string& folder, at::IntArrayRef shape, at::ScalarType dtype) {
  const int64_t elements = c10::multiply_integers(shape);
  NamedFile file(folder);
  file.reserve(elements * static_cast<int64_t>(c10::elementSize(dtype)));
  return at::from_file(file.path(), /*shared=*/true, elements, at::TensorOptions(dtype)).view(shape);
}

}  // namespace reverse_distillation
