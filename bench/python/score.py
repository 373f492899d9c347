"""Scores images with a model file, and prints a JSON object with the score of each path.

    python score.py trained.safetensors images [--maps maps.safetensors] [--teacher weights.pth]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor

from anomaly_map import combined_map, masked_maps, smooth
from images import list_images, load_inputs, map_without_padding, masks_of, normalise, tiled_size
from model import ReverseDistillation
from model_file import load_model
from tiles import blend, places


@torch.no_grad()
def anomaly_maps(model: ReverseDistillation, pixels: Tensor, description: dict) -> tuple[Tensor, np.ndarray]:
    """uint8 or float32 [N, H, W, 3] -> the maps before and after smoothing, [N, H, W] each."""
    teacher, student = model(normalise(pixels, description["normalisation"]))
    size = (pixels.shape[1], pixels.shape[2])
    combined = combined_map(teacher, student, description["layers"], size, description["combine"])
    return combined, smooth(combined, description["sigma"])


@torch.no_grad()
def maps_inside(model: ReverseDistillation, pixels: Tensor, description: dict, masks: Tensor) -> np.ndarray:
    """As `anomaly_maps`, inside of regions of interest, bool [N, H, W]: the smoothed maps [N, H, W]."""
    teacher, student = model(normalise(pixels, description["normalisation"]))
    return masked_maps(teacher, student, masks, description["layers"], description["combine"], description["sigma"])


def map_of(model: ReverseDistillation, path: Path, description: dict) -> np.ndarray:
    """The smoothed map [H, W] of an image: of the networks' input, or put together from tiles."""
    pixels = load_inputs(path, description)
    if "roi" in description or description.get("fit") == "pad":
        maps = maps_inside(model, pixels, description, masks_of(path, description))
    else:
        _, maps = anomaly_maps(model, pixels, description)
    if "tiles" not in description:
        return maps[0]
    size = tiled_size(path, description)
    return blend(size, zip(places(size, description["imageSize"], description["tiles"]), maps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path, help="folder, or JSON file with a list of paths")
    parser.add_argument("--maps", type=Path, help="safetensors file to write: `maps`, float32 [N, H, W], of images of one size")
    parser.add_argument("--teacher", type=Path, help="weights of the teacher, for a model file that only refers to it")
    options = parser.parse_args()

    model, description, _ = load_model(options.model, options.teacher)
    scores, maps = {}, []
    for path in list_images(options.images):
        smoothed = map_of(model, path, description)
        shown = map_without_padding(smoothed, path, description.get("fit", "stretch"))
        scores[str(path)] = float(shown.max())
        if options.maps:
            maps.append(smoothed)
    if options.maps:
        save_file({"maps": np.stack(maps)}, options.maps)
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
