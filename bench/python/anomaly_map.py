"""Eq. (3) of Deng & Li 2022: combines the distances of all scales into one map at image size, smoothed with SciPy."""

import numpy as np
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import interpolate

from distance import distance_maps

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


def smooth(maps: Tensor, sigma: float) -> np.ndarray:
    """Smooths each of the maps [N, H, W] separately; `sigma` in pixels."""
    return np.stack([gaussian_filter(map_, sigma=sigma) for map_ in maps.numpy()])
