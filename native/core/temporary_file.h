#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace reverse_distillation {

/// A tensor whose memory is a new file in `folder`, for data too large for memory. The file has no name by
/// the time this returns, so its space is freed with the tensor or when the process dies.
///
/// Its values are zero. Throws `Error(kIo)` if the folder has no room: space is reserved here, because a disk
/// that fills up while the memory is written to would end the process.
at::Tensor map_temporary_file(const std::string& folder, at::IntArrayRef shape, at::ScalarType dtype);

}  // namespace reverse_distillation
