#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace reverse_distillation {

/// A tensor whose memory is a new file in `folder`, for what is too large to be held in memory. The file has
/// no name by the time that this returns: its space is freed with the tensor, or when the process dies.
///
/// Its values are zero. Throws `Error(kIo)` where the folder takes no file of that size: room is reserved
/// here, since a disk that is full when the memory is written to would end the process.
at::Tensor map_temporary_file(const std::string& folder, at::IntArrayRef shape, at::ScalarType dtype);

}  // namespace reverse_distillation
