"""Trains the bottleneck and the decoder on normal images, starting from the weights in a model file.

    python train.py initial.safetensors images --out trained.safetensors --epochs 20 --seed 0
"""

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Iterator

import torch
from torch import Tensor

from distance import LOSSES, distillation_loss
from images import list_images, load_inputs, masks_of, normalise
from model import ReverseDistillation
from model_file import load_model, save_model


def batches(count: int, batch_size: int, size: tuple[int, int], generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of the images of one epoch, in a new order. The last, partial batch is dropped if batch norm would see
    only one value per channel, as in the code of a single 32 x 32 image."""
    for batch in torch.randperm(count, generator=generator).split(batch_size):
        if len(batch) * (size[0] // 32) * (size[1] // 32) > 1:
            yield batch


WARM_UP_STEPS = 20
LEFT = 1 / 50
MOST_KEPT = 0.98


def learning_rate_at(step: int, learning_rate: float, steps: int) -> float:
    """A linear rise over the first steps, then the fall of a cosine to a fiftieth (Loshchilov & Hutter 2017)."""
    warm_up = min(WARM_UP_STEPS, steps // 10)
    if step < warm_up:
        return learning_rate * (step + 1) / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return learning_rate * (LEFT + (1 - LEFT) * 0.5 * (1 + math.cos(math.pi * min(1, done))))


class WeightAverage:
    """An exponential moving average of weights and of batch norms' statistics (Tarvainen & Valpola 2017)."""

    def __init__(self, model: ReverseDistillation) -> None:
        trained = {name: value for name, value in model.state_dict().items() if not name.startswith("teacher.")}
        self._model = {name: value for name, value in trained.items() if value.is_floating_point()}
        self._average = {name: value.clone() for name, value in self._model.items()}

    def update(self, step: int) -> None:
        """Takes in the values after a step, from 1."""
        for name, value in self._model.items():
            self._average[name].lerp_(value, 1 - min(MOST_KEPT, step / (step + 10)))

    def exchange(self) -> None:
        """Swaps the values of the model and their average."""
        for name, value in self._model.items():
            kept = value.clone()
            value.copy_(self._average[name])
            self._average[name].copy_(kept)


def train(
    model: ReverseDistillation,
    pixels: Tensor,
    description: dict,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    loss: str,
    seed: int,
    schedule: str,
    averaged: bool = False,
    masks: Tensor | None = None,
) -> Iterator[float]:
    """`pixels` is uint8 [N, H, W, 3], and `masks`, bool [N, H, W], are the regions of interest. Yields the mean loss per
    image of each epoch."""
    optimiser = torch.optim.Adam(model.trained_parameters(), lr=learning_rate, betas=(0.5, 0.999))
    generator = torch.Generator().manual_seed(seed)
    size = (pixels.shape[1], pixels.shape[2])
    steps = epochs * len(list(batches(len(pixels), batch_size, size, torch.Generator())))
    average = WeightAverage(model) if averaged else None
    step = 0
    for _ in range(epochs):
        model.train()
        if average and step > 0:
            average.exchange()
        total, images = 0.0, 0
        for batch in batches(len(pixels), batch_size, size, generator):
            teacher, student = model(normalise(pixels[batch], description["normalisation"]))
            value = distillation_loss(teacher, student, description["layers"], loss, None if masks is None else masks[batch])
            optimiser.zero_grad()
            value.backward()
            if schedule == "cosine":
                optimiser.param_groups[0]["lr"] = learning_rate_at(step, learning_rate, steps)
            optimiser.step()
            step += 1
            if average:
                average.update(step)
            total += value.item() * len(batch)
            images += len(batch)
        if average:
            average.exchange()
        model.eval()
        yield total / images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model file with the initial weights")
    parser.add_argument("images", type=Path, help="folder, or JSON file with a list of paths")
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    parser.add_argument("--learning-rate-schedule", choices=("constant", "cosine"), default="cosine")
    parser.add_argument("--weight-average", choices=("none", "ema"), default="none")
    parser.add_argument("--loss", choices=LOSSES, default="location")
    parser.add_argument("--seed", type=int, default=0, help="seed of the order of the images")
    options = parser.parse_args()

    model, description, initial = load_model(options.model)
    paths = list_images(options.images)
    pixels = torch.cat([load_inputs(path, {**description, "levels": None}) for path in paths])
    has_masks = "roi" in description or description.get("fit") == "pad"
    masks = torch.cat([masks_of(path, description) for path in paths]) if has_masks else None
    if masks is not None and "tiles" in description:
        # A tile outside of the region of interest teaches nothing.
        inside = masks.any(dim=2).any(dim=1)
        pixels, masks = pixels[inside], masks[inside]
    started = time.monotonic()
    settings = {
        "epochs": options.epochs,
        "batch_size": min(options.batch_size, len(pixels)),
        "learning_rate": options.learning_rate,
        "loss": options.loss,
        "seed": options.seed,
        "schedule": options.learning_rate_schedule,
        "averaged": options.weight_average == "ema",
    }
    for epoch, loss in enumerate(train(model, pixels, description, masks=masks, **settings), start=1):
        seconds = time.monotonic() - started
        print(f"  reference: epoch {epoch}/{options.epochs}: loss {loss:.6f}, {seconds:.1f} s", file=sys.stderr)
    training = {
        "images": len(paths),
        "epochs": options.epochs,
        "batchSize": settings["batch_size"],
        "learningRate": options.learning_rate,
        "loss": options.loss,
        "seed": options.seed,
        "teacherWeights": initial["teacherWeights"] if initial else None,
    }
    if settings["schedule"] != "constant" or settings["averaged"]:
        training |= {
            "learningRateSchedule": options.learning_rate_schedule,
            "weightAverage": options.weight_average,
        }
    save_model(options.out, model, description, training)


if __name__ == "__main__":
    main()
