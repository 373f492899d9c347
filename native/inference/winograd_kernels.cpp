#include "inference/winograd_kernels.h"

#include <algorithm>

#include "core/vectorise.h"

namespace reverse_distillation::cpu {

#if defined(__x86_64__) && defined(__GNUC__)

namespace {

/// A vector of `kBytes`, wherever it lies in memory. It is passed by reference, because processors without
/// such registers return it otherwise.
template <int kBytes>
struct Lanes {
  typedef float Vector __attribute__((vector_size(kBytes), aligned(4), may_alias));
};

template <int kBytes>
RD_INLINE const typename Lanes<kBytes>::Vector& at(const float* place) {
  return *reinterpret_cast<const typename Lanes<kBytes>::Vector*>(place);
}

template <int kBytes>
RD_INLINE typename Lanes<kBytes>::Vector& at(float* place) {
  return *reinterpret_cast<typename Lanes<kBytes>::Vector*>(place);
}

// Loops over vectors that stay in registers are unrolled, so that the vectors' indices are constants.

/// One line of six inputs, transformed; the results lie `stride` apart.
template <int kBytes>
RD_INLINE void transform_six(const typename Lanes<kBytes>::Vector* const (&line)[6],
                             typename Lanes<kBytes>::Vector* to, int64_t stride) {
  using Vector = typename Lanes<kBytes>::Vector;
  const Vector even = *line[4] - 4.0F * *line[2];
  const Vector odd = *line[3] - 4.0F * *line[1];
  const Vector even_half = *line[4] - *line[2];
  const Vector odd_half = 2.0F * (*line[3] - *line[1]);
  to[0] = 4.0F * *line[0] - 5.0F * *line[2] + *line[4];
  to[1 * stride] = even + odd;
  to[2 * stride] = even - odd;
  to[3 * stride] = even_half + odd_half;
  to[4 * stride] = even_half - odd_half;
  to[5 * stride] = 4.0F * *line[1] - 5.0F * *line[3] + *line[5];
}

/// One line of six products, transformed back to four outputs; they lie `stride` apart.
template <int kBytes>
RD_INLINE void transform_back(const typename Lanes<kBytes>::Vector* const (&line)[6],
                              typename Lanes<kBytes>::Vector* to, int64_t stride) {
  using Vector = typename Lanes<kBytes>::Vector;
  const Vector near_sum = *line[1] + *line[2];
  const Vector near_difference = *line[1] - *line[2];
  const Vector far_sum = *line[3] + *line[4];
  const Vector far_difference = *line[3] - *line[4];
  to[0] = *line[0] + near_sum + far_sum;
  to[1 * stride] = near_difference + 2.0F * far_difference;
  to[2 * stride] = near_sum + 4.0F * far_sum;
  to[3 * stride] = near_difference + 8.0F * far_difference + *line[5];
}

/// Where the upper left output of a tile lies.
struct TilePlace {
  RD_INLINE TilePlace(const TileGrid& grid, int64_t tile) {
    const int64_t per_image = grid.per_image();
    const int64_t across = grid.across();
    image = tile / per_image;
    y = tile % per_image / across * kTileSide;
    x = tile % per_image % across * kTileSide;
  }
  int64_t image, y, x;
};

template <int kBytes>
RD_INLINE void transform_input(const float* input, const TileGrid& grid, const float* zeros, int64_t first,
                               int64_t last, TransformedTiles to) {
  using Vector = typename Lanes<kBytes>::Vector;
  for (int64_t tile = first; tile < last; ++tile) {
    const TilePlace place(grid, tile);
    const float* pixels[kPlaces];
    for (int64_t i = 0; i < kPlaces; ++i) {
      const int64_t y = place.y - 1 + i / 6;
      const int64_t x = place.x - 1 + i % 6;
      const bool inside = y >= 0 && y < grid.height && x >= 0 && x < grid.width;
      pixels[i] = inside ? input + ((place.image * grid.height + y) * grid.width + x) * to.channels : zeros;
    }
    float* const transformed = to.data + (tile - first) * to.channels;
    for (int64_t c = 0; c < to.channels; c += kBytes / 4) {
      alignas(kBytes) Vector columns[kPlaces];
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) {
        const Vector* const line[6] = {&at<kBytes>(pixels[x] + c),      &at<kBytes>(pixels[6 + x] + c),
                                       &at<kBytes>(pixels[12 + x] + c), &at<kBytes>(pixels[18 + x] + c),
                                       &at<kBytes>(pixels[24 + x] + c), &at<kBytes>(pixels[30 + x] + c)};
        transform_six<kBytes>(line, columns + x, 6);
      }
#pragma GCC unroll 6
      for (int y = 0; y < 6; ++y) {
        const Vector* const row = columns + 6 * y;
        const Vector* const line[6] = {row, row + 1, row + 2, row + 3, row + 4, row + 5};
        Vector values[6];
        transform_six<kBytes>(line, values, 1);
#pragma GCC unroll 6
        for (int x = 0; x < 6; ++x) at<kBytes>(transformed + (6 * y + x) * to.place_stride + c) = values[x];
      }
    }
  }
}

/// `multiply` for a number of tiles that the registers can hold.
template <int kBytes, int kTiles, int kVectors>
RD_INLINE void multiply_tiles(const float* a, const float* b, int64_t depth, float* c, int64_t c_stride) {
  using Vector = typename Lanes<kBytes>::Vector;
  constexpr int64_t kLanes = kBytes / 4;
  Vector sums[kTiles][kVectors];
#pragma GCC unroll 16
  for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[t][v] = Vector{};
  }
  for (int64_t i = 0; i < depth; ++i) {
    Vector weights[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) weights[v] = at<kBytes>(b + (i * kVectors + v) * kLanes);
#pragma GCC unroll 16
    for (int t = 0; t < kTiles; ++t) {
      const float value = a[t * depth + i];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[t][v] += value * weights[v];
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) at<kBytes>(c + t * c_stride + v * kLanes) = sums[t][v];
  }
}

/// `multiply` for up to `kTiles` tiles.
template <int kBytes, int kTiles, int kVectors>
RD_INLINE void multiply_some(const float* a, const float* b, int64_t tiles, int64_t depth, float* c,
                             int64_t c_stride) {
  if constexpr (kTiles > 0) {
    if (tiles == kTiles) return multiply_tiles<kBytes, kTiles, kVectors>(a, b, depth, c, c_stride);
    multiply_some<kBytes, kTiles - 1, kVectors>(a, b, tiles, depth, c, c_stride);
  }
}

template <int kBytes, int kTiles, int kVectors>
RD_INLINE void multiply(const float* a, const float* b, int64_t tiles, int64_t depth, float* c,
                        int64_t c_stride) {
  // In equal groups: a few tiles alone would leave most registers idle.
  const int64_t groups = (tiles + kTiles - 1) / kTiles;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t first = tiles * group / groups;
    const int64_t count = tiles * (group + 1) / groups - first;
    multiply_some<kBytes, kTiles, kVectors>(a + first * depth, b, count, depth, c + first * c_stride,
                                            c_stride);
  }
}

template <int kBytes>
RD_INLINE void transform_output(TransformedTiles from, const TileGrid& grid, int64_t first, int64_t last,
                                int64_t channel, const TileOutput& to) {
  using Vector = typename Lanes<kBytes>::Vector;
  for (int64_t tile = first; tile < last; ++tile) {
    const TilePlace place(grid, tile);
    const int64_t rows = std::min(kTileSide, grid.height - place.y);
    const int64_t columns = std::min(kTileSide, grid.width - place.x);
    const int64_t corner =
        ((place.image * grid.height + place.y) * grid.width + place.x) * to.channels + channel;
    for (int64_t k = 0; k < from.channels; k += kBytes / 4) {
      const float* const products = from.data + (tile - first) * from.channels + k;
      alignas(kBytes) Vector lines[kTileSide * 6];
#pragma GCC unroll 6
      for (int x = 0; x < 6; ++x) {
        const float* const column = products + x * from.place_stride;
        const int64_t down = 6 * from.place_stride;
        const Vector* const line[6] = {&at<kBytes>(column),
                                       &at<kBytes>(column + down),
                                       &at<kBytes>(column + 2 * down),
                                       &at<kBytes>(column + 3 * down),
                                       &at<kBytes>(column + 4 * down),
                                       &at<kBytes>(column + 5 * down)};
        transform_back<kBytes>(line, lines + x, 6);
      }
      const Vector bias = at<kBytes>(to.bias + channel + k);
      for (int64_t y = 0; y < rows; ++y) {
        const Vector* const row = lines + 6 * y;
        const Vector* const line[6] = {row, row + 1, row + 2, row + 3, row + 4, row + 5};
        alignas(kBytes) Vector values[kTileSide];
        transform_back<kBytes>(line, values, 1);
        for (int64_t x = 0; x < columns; ++x) {
          const int64_t pixel = corner + (y * grid.width + x) * to.channels + k;
          Vector value = values[x] + bias;
          if (to.residual != nullptr) value += at<kBytes>(to.residual + pixel);
          if (to.relu) value = value < 0.0F ? Vector{} : value;  // A NaN stays NaN.
          at<kBytes>(to.output + pixel) = value;
        }
      }
    }
  }
}

// The number of tiles and vectors fills the registers with sums: 24 of 32 and 12 of 16. The linker's choice,
// as by RD_VECTORISED, would not do, because the width of vectors is a part of the code.

#define RD_WINOGRAD(name, architecture, bytes, tiles, vectors)                                              \
  __attribute__((target(architecture))) void transform_input_##name(                                        \
      const float* input, const TileGrid& grid, const float* zeros, int64_t first, int64_t last,            \
      TransformedTiles to) {                                                                                \
    transform_input<bytes>(input, grid, zeros, first, last, to);                                            \
  }                                                                                                         \
  __attribute__((target(architecture))) void multiply_##name(const float* a, const float* b, int64_t count, \
                                                             int64_t depth, float* c, int64_t c_stride) {   \
    multiply<bytes, tiles, vectors>(a, b, count, depth, c, c_stride);                                       \
  }                                                                                                         \
  __attribute__((target(architecture))) void transform_output_##name(                                       \
      TransformedTiles from, const TileGrid& grid, int64_t first, int64_t last, int64_t channel,            \
      const TileOutput& to) {                                                                               \
    transform_output<bytes>(from, grid, first, last, channel, to);                                          \
  }                                                                                                         \
  constexpr WinogradKernels name{bytes / 4 * vectors, bytes / 4, transform_input_##name, multiply_##name,   \
                                 transform_output_##name};

RD_WINOGRAD(kAvx512, "avx512f,fma", 64, 12, 2)
RD_WINOGRAD(kAvx2, "avx2,fma", 32, 6, 2)

#undef RD_WINOGRAD

}  // namespace

const std::vector<WinogradKernels>& winograd_kernels() {
  static const std::vector<WinogradKernels> supported = [] {
    std::vector<WinogradKernels> found;
    if (!__builtin_cpu_supports("fma")) return found;
    if (__builtin_cpu_supports("avx512f")) found.push_back(kAvx512);
    if (__builtin_cpu_supports("avx2")) found.push_back(kAvx2);
    return found;
  }();
  return supported;
}

#else

const std::vector<WinogradKernels>& winograd_kernels() {
  static const std::vector<WinogradKernels> none;
  return none;
}

#endif

}  // namespace reverse_distillation::cpu
