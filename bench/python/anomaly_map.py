"""Eq. (3) of Deng & Li 2022: combines the distances of all scales into one map at image size, smoothed with SciPy."""

from math import prod

import numpy as np
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import interpolate

from distance import cell_shares, distance_maps

TINY = np.finfo(np.float32).tiny.item()
COMBINATIONS = ("sum", "product")


def combined_map(
    teacher: list[Tensor], student: list[Tensor], layers: list[int], size: tuple[int, int], combine: str
) -> Tensor:
    """The map before smoothing, [N, H, W]."""
    return combine_maps(distance_maps(teacher, student, layers), size, combine)


def combine_maps(distances: list[Tensor], size: tuple[int, int], combine: str) -> Tensor:
    """Combines the maps of all scales, [N, h, w] each, into one map [N, H, W]."""
    combined = None
    for distance in distances:
        scaled = interpolate(distance[:, None], size=size, mode="bilinear", align_corners=True)[:, 0]
        if combined is None:
            combined = scaled
        else:
            combined = combined + scaled if combine == "sum" else combined * scaled
    return combined


def masked_maps(
    teacher: list[Tensor],
    student: list[Tensor],
    masks: Tensor,
    layers: list[int],
    combine: str,
    sigma: float,
) -> np.ndarray:
    """The smoothed maps inside of regions of interest, bool [N, H, W]; 0 outside.

    Up-sampling and smoothing take the mean of what is inside alone: what is outside has not been trained.
    """
    distances = distance_maps(teacher, student, layers)
    shares = [cell_shares(masks, teacher[k - 1])[:, 0] for k in layers]
    size = tuple(masks.shape[1:])
    scales = [
        combine_maps([d * w], size, "sum") / combine_maps([w], size, "sum").clamp_min(TINY)
        for d, w in zip(distances, shares)
    ]
    inside = masks.float()
    combined = sum(scales) if combine == "sum" else prod(scales)
    return smooth(combined * inside, sigma) / np.maximum(smooth(inside, sigma), TINY) * inside.numpy()


def smooth(maps: Tensor, sigma: float) -> np.ndarray:
    """Smooths each of the maps [N, H, W] separately; `sigma` in pixels."""
    return np.stack([gaussian_filter(map_, sigma=sigma) for map_ in maps.numpy()])
