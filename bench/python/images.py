"""Loads and normalises images for the networks."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from interest import interest_mask, place_in_frame
from tiles import map_size, places

EXTENSIONS = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".avif"}
NORMALISATIONS = ("imagenet", "none")
MEAN = torch.tensor([0.485, 0.456, 0.406])
DEVIATION = torch.tensor([0.229, 0.224, 0.225])


def list_images(source: Path) -> list[Path]:
    """The images in a folder and its subfolders, sorted; or the list of paths in a JSON file."""
    if source.suffix == ".json":
        return [Path(path) for path in json.loads(source.read_text())]
    found = [path for path in source.rglob("*") if path.suffix.lower() in EXTENSIONS]
    return sorted(found, key=lambda path: path.relative_to(source).as_posix())


def load_image(
    path: Path, size: tuple[int, int], levels: dict[str, int] | None = None, fit: str = "stretch"
) -> Tensor:
    """[H, W, 3], resized by PIL: bilinear, with antialiasing. uint8 for 8-bit images. float32 from 0 to 255 for 16-bit
    grey images, whose values become 0 at `levels["black"]` and 255 at `levels["white"]`. Without levels, these are 0 and
    65535: PIL does not tell that a file states fewer bits. PIL reads 16-bit RGB as 8 bits. `fit` is that of the model.
    """
    with Image.open(path) as image:
        if image.mode.startswith("I"):
            resized = _fitted(image.convert("I").convert("F"), size, fit)
            return _apply_levels(torch.from_numpy(resized), levels)[..., None].repeat(1, 1, 3)
        grey_or_rgb = image if image.mode in ("L", "RGB") else image.convert("RGB")
        resized = _fitted(grey_or_rgb, size, fit)
        return torch.from_numpy(resized if resized.ndim == 3 else np.stack([resized] * 3, axis=-1))


def _fitted(image: Image.Image, size: tuple[int, int], fit: str) -> np.ndarray:
    """The pixels of an image at a size, stretched, padded by its outermost pixels, or cropped to its centre."""
    (height, width), (columns, rows) = size, image.size
    wide = columns * height > width * rows
    if fit == "crop":
        if wide:
            seen = (max(min(2, columns), _scaled(rows, width, height)), rows)
        else:
            seen = (columns, max(min(2, rows), _scaled(columns, height, width)))
        # Even, so that a Bayer pattern would keep its order.
        left, top = (columns - seen[0]) // 4 * 2, (rows - seen[1]) // 4 * 2
        image = image.crop((left, top, left + seen[0], top + seen[1]))
    fitted = (width, height)
    if fit == "pad":
        fitted = (width, _scaled(rows, width, columns)) if wide else (_scaled(columns, height, rows), height)
    pixels = np.array(image.resize(fitted, Image.Resampling.BILINEAR))
    below, right = height - fitted[1], width - fitted[0]
    margins = [(below // 2, below - below // 2), (right // 2, right - right // 2)]
    return np.pad(pixels, margins + [(0, 0)] * (pixels.ndim - 2), mode="edge")


def load_inputs(path: Path, description: dict) -> Tensor:
    """The inputs of the networks [N, H, W, 3] that an image has: one, or its tiles."""
    frame, levels = description["imageSize"], description.get("levels")
    if "tiles" not in description:
        return load_image(path, frame, levels, description.get("fit", "stretch"))[None]
    size = tiled_size(path, description)
    whole = load_image(path, size, levels)
    return torch.stack([whole[place] for place in places(size, frame, description["tiles"])])


def tiled_size(path: Path, description: dict) -> tuple[int, int]:
    """The size [H, W] of an image's map if it is cut into tiles."""
    with Image.open(path) as image:
        columns, rows = image.size
    return map_size((rows, columns), description["imageSize"], description["tiles"])


def seen_part(path: Path, size: tuple[int, int], fit: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of the part of an image that the networks see, in shares of the image."""
    if fit != "crop":
        return (0.0, 0.0, 1.0, 1.0)
    with Image.open(path) as image:
        columns, rows = image.size
    height, width = size
    wide = columns * height > width * rows
    seen = (_scaled(rows, width, height), rows) if wide else (columns, _scaled(columns, height, width))
    left, top = (columns - seen[0]) // 2, (rows - seen[1]) // 2
    return (left / columns, top / rows, seen[0] / columns, seen[1] / rows)


def _scaled(length: int, numerator: int, denominator: int) -> int:
    return max(1, (2 * length * numerator + denominator) // (2 * denominator))


def map_without_padding(anomaly_map: Tensor, path: Path, fit: str) -> Tensor:
    """The part of a map [H, W] that shows the image."""
    if fit != "pad":
        return anomaly_map
    with Image.open(path) as image:
        columns, rows = image.size
    height, width = anomaly_map.shape
    if columns * height > width * rows:
        shown = _scaled(rows, width, columns)
        top = (height - shown) // 2
        return anomaly_map[top : top + shown]
    shown = _scaled(columns, height, rows)
    left = (width - shown) // 2
    return anomaly_map[:, left : left + shown]


def masks_of(path: Path, description: dict) -> Tensor:
    """What counts of the inputs of the networks that an image has, bool [N, H, W]: the region of interest, or all of the
    image, without its padding."""
    size, fit = description["imageSize"], description.get("fit", "stretch")
    if "tiles" in description:
        whole = tiled_size(path, description)
        mask = torch.from_numpy(interest_mask(description.get("roi"), whole))
        return torch.stack([mask[place] for place in places(whole, size, description["tiles"])])
    shown = map_without_padding(np.empty(size), path, fit).shape
    mask = interest_mask(description.get("roi"), shown, seen_part(path, size, fit))
    return torch.from_numpy(place_in_frame(mask, size))[None]


def _apply_levels(values: Tensor, levels: dict[str, int] | None) -> Tensor:
    black, white = (0, 65535) if levels is None else (levels["black"], levels["white"])
    return ((values - black) * (255 / (white - black))).clamp(0, 255)


def normalise(pixels: Tensor, normalisation: str) -> Tensor:
    """uint8 or float32 [N, H, W, 3] -> float32 [N, 3, H, W]."""
    images = pixels.float() / 255
    if normalisation == "imagenet":
        images = (images - MEAN) / DEVIATION
    return images.permute(0, 3, 1, 2).contiguous()
