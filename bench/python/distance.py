"""Eq. (1) and (2) of Deng & Li 2022: the cosine distance of features, and the losses based on it."""

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, cosine_similarity

LOSSES = ("location", "global")


def distance_maps(teacher: list[Tensor], student: list[Tensor], layers: list[int]) -> list[Tensor]:
    """Eq. (1): one map [N, H_k, W_k] for each of `layers` (of 1, 2, 3)."""
    return [1 - cosine_similarity(teacher[k - 1], student[k - 1], dim=1, eps=1e-8) for k in layers]


def distillation_loss(
    teacher: list[Tensor], student: list[Tensor], layers: list[int], loss: str, masks: Tensor | None = None
) -> Tensor:
    """"location" is Eq. (2). "global" is the loss of the authors' code: one cosine per feature map.

    `masks`, bool [N, H, W], are regions of interest: each position is weighted by the share of its cell that is inside.
    """
    if masks is not None:
        return _loss_inside(teacher, student, layers, loss, masks)
    if loss == "location":
        return sum(distance.mean() for distance in distance_maps(teacher, student, layers))
    flat = [(teacher[k - 1].flatten(1), student[k - 1].flatten(1)) for k in layers]
    return sum((1 - cosine_similarity(t, s, dim=1, eps=1e-8)).mean() for t, s in flat)


def cell_shares(masks: Tensor, features: Tensor) -> Tensor:
    """bool [N, H, W] -> float32 [N, 1, H_k, W_k]: the share of each cell of features [N, C, H_k, W_k] that is inside."""
    return adaptive_avg_pool2d(masks.float()[:, None], features.shape[2:])


def _loss_inside(
    teacher: list[Tensor], student: list[Tensor], layers: list[int], loss: str, masks: Tensor
) -> Tensor:
    weights = [cell_shares(masks, teacher[k - 1]) for k in layers]
    if loss == "location":
        distances = zip(distance_maps(teacher, student, layers), (weight[:, 0] for weight in weights))
        return sum(((d * w).sum((1, 2)) / w.sum((1, 2))).mean() for d, w in distances)
    flat = [
        ((teacher[k - 1] * w.sqrt()).flatten(1), (student[k - 1] * w.sqrt()).flatten(1))
        for k, w in zip(layers, weights)
    ]
    return sum((1 - cosine_similarity(t, s, dim=1, eps=1e-8)).mean() for t, s in flat)
