#include "answers.h"

#include <ATen/ATen.h>

#include "ops/ops.h"

namespace reverse_distillation::bench {

namespace {

void require_close(const at::Tensor& found, const at::Tensor& expected, const char* op) {
  TORCH_CHECK(at::allclose(found, expected, 1e-4, 1e-5), op, " is wrong by ",
              (found - expected).abs().max().item<double>(), ": it is not worth timing");
}

}  // namespace

void require_right_answers(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student,
                           int64_t size) {
  const std::vector<at::Tensor> distances = cosine_map(teacher, student);
  at::Tensor combined, loss;
  for (size_t k = 0; k < distances.size(); ++k) {
    const at::Tensor expected = 1.0 - at::cosine_similarity(teacher[k], student[k], 1);
    require_close(distances[k], expected, "cosine_map");
    const at::Tensor scaled = at::upsample_bilinear2d(expected.unsqueeze(1), {size, size}, true).squeeze(1);
    combined = combined.defined() ? combined + scaled : scaled;
    loss = loss.defined() ? loss + expected.mean() : expected.mean();
  }
  require_close(upsample_sum(distances, size, size), combined, "upsample_sum");
  require_close(location_loss(teacher, student).loss, loss, "location_loss");
  const at::Tensor constant = at::full_like(combined, 0.7);
  require_close(gaussian_blur(constant, 4.0), constant, "gaussian_blur");
  const at::Tensor smoothed = gaussian_blur(combined, 4.0);
  const auto [maps, scores] = anomaly_map(teacher, student, size, size, 4.0, /*multiply=*/false);
  require_close(maps, smoothed, "anomaly_map");
  require_close(scores, smoothed.flatten(1).amax(1), "anomaly_map");
}

}  // namespace reverse_distillation::bench
