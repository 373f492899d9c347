"""Loads and normalises images for the networks."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

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


def load_image(path: Path, size: tuple[int, int], levels: dict[str, int] | None = None) -> Tensor:
    """[H, W, 3], resized by PIL: bilinear, with antialiasing. uint8 for 8-bit images. float32 from 0 to 255 for 16-bit
    grey images, whose values become 0 at `levels["black"]` and 255 at `levels["white"]`. Without levels, these are 0 and
    65535: PIL does not tell that a file states fewer bits. PIL reads 16-bit RGB as 8 bits.
    """
    height, width = size
    with Image.open(path) as image:
        if image.mode.startswith("I"):
            resized = image.convert("I").convert("F").resize((width, height), Image.Resampling.BILINEAR)
            return _apply_levels(torch.from_numpy(np.array(resized)), levels)[..., None].repeat(1, 1, 3)
        grey_or_rgb = image if image.mode in ("L", "RGB") else image.convert("RGB")
        resized = grey_or_rgb.resize((width, height), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(resized.convert("RGB")))


def _apply_levels(values: Tensor, levels: dict[str, int] | None) -> Tensor:
    black, white = (0, 65535) if levels is None else (levels["black"], levels["white"])
    return ((values - black) * (255 / (white - black))).clamp(0, 255)


def normalise(pixels: Tensor, normalisation: str) -> Tensor:
    """uint8 or float32 [N, H, W, 3] -> float32 [N, 3, H, W]."""
    images = pixels.float() / 255
    if normalisation == "imagenet":
        images = (images - MEAN) / DEVIATION
    return images.permute(0, 3, 1, 2).contiguous()
