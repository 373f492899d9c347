"""Tiles of large images as model files describe them: where they lie, and how their maps become one."""

from typing import Iterable, Iterator

import numpy as np


def map_size(image: tuple[int, int], frame: tuple[int, int], tiles: dict) -> tuple[int, int]:
    """The size [H, W] of an image in which a tile is as large as the frame; that of its map."""
    return tuple(max(1, (2 * length * side + tile) // (2 * tile)) for length, side, tile in zip(image, frame, tiles["size"]))


def places(size: tuple[int, int], frame: tuple[int, int], tiles: dict) -> Iterator[tuple[slice, slice]]:
    """The tiles of an image of `map_size`, row by row."""
    axes = [_spread(length, side, _overlap(tiles, axis, side)) for axis, (length, side) in enumerate(zip(size, frame))]
    for top in axes[0]:
        for left in axes[1]:
            yield slice(top, top + frame[0]), slice(left, left + frame[1])


def blend(size: tuple[int, int], maps: Iterable[tuple[tuple[slice, slice], np.ndarray]]) -> np.ndarray:
    """The mean of overlapping maps [h, w], each weighted by sin^2 from edge to edge: float32 [H, W]."""
    total, weights = np.zeros(size), np.zeros(size)
    for place, tile in maps:
        rows, columns = (np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 for side in tile.shape)
        window = np.outer(rows, columns)
        total[place] += window * tile
        weights[place] += window
    return (total / np.maximum(weights, np.finfo(float).tiny)).astype(np.float32)


def _overlap(tiles: dict, axis: int, side: int) -> int:
    tile = tiles["size"][axis]
    return min(side - 1, -(-tiles["overlap"] * side // tile))


def _spread(length: int, side: int, overlap: int) -> list[int]:
    rest = length - side
    gaps = -(-rest // (side - overlap))
    return [0] + [rest * i // gaps for i in range(1, gaps + 1)]
