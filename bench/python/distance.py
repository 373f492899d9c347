"""Eq. (1) and (2) of Deng & Li 2022: the cosine distance of features, and the losses based on it."""

from torch import Tensor
from torch.nn.functional import cosine_similarity

LOSSES = ("location", "global")


def distance_maps(teacher: list[Tensor], student: list[Tensor], layers: list[int]) -> list[Tensor]:
    """Eq. (1): one map [N, H_k, W_k] for each of `layers` (of 1, 2, 3)."""
    return [1 - cosine_similarity(teacher[k - 1], student[k - 1], dim=1, eps=1e-8) for k in layers]


def distillation_loss(teacher: list[Tensor], student: list[Tensor], layers: list[int], loss: str) -> Tensor:
    """"location" is Eq. (2). "global" is the loss of the authors' code: one cosine per feature map."""
    if loss == "location":
        return sum(distance.mean() for distance in distance_maps(teacher, student, layers))
    flat = [(teacher[k - 1].flatten(1), student[k - 1].flatten(1)) for k in layers]
    return sum((1 - cosine_similarity(t, s, dim=1, eps=1e-8)).mean() for t, s in flat)
