"""Measures the speed of the reference, and prints one line of JSON per precision.

    python speed.py model.safetensors images.u8 --device cuda:0

`images.u8` contains only pixels: uint8 [N, H, W, 3] at the model's image size. The precisions are:

- "float32": eager PyTorch with exact float32 products;
- "tf32": eager PyTorch with its default settings, in which convolutions on GPUs round their inputs to TF32; left out on
  the CPU, where nothing does;
- "bfloat16": autocast with channels-last tensors.

Times are medians of whole steps after warming up: normalisation on the CPU as in score.py, the copy to the device, the
networks, the map, and SciPy's smoothing on the CPU.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Callable

import numpy as np
import torch

from anomaly_map import combined_map, smooth
from distance import distillation_loss
from images import normalise
from model import ReverseDistillation
from model_file import load_model


class Runner:
    """One precision of the model on one device."""

    def __init__(self, model: ReverseDistillation, description: dict, device: str, precision: str) -> None:
        self.format = torch.channels_last if precision == "bfloat16" else torch.contiguous_format
        self.model = model.to(device=device, memory_format=self.format)
        self.description = description
        self.device = torch.device(device)
        self.bfloat16 = precision == "bfloat16"

    def features(self, pixels: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        images = normalise(pixels, self.description["normalisation"]).to(self.device, memory_format=self.format)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            return self.model(images)

    @torch.no_grad()
    def score(self, pixels: torch.Tensor) -> np.ndarray:
        teacher, student = self.features(pixels)
        settings = self.description
        size = (pixels.shape[1], pixels.shape[2])
        combined = combined_map(teacher, student, settings["layers"], size, settings["combine"])
        return smooth(combined.float().cpu(), settings["sigma"]).max(axis=(1, 2))

    def train_step(self, pixels: torch.Tensor, optimiser: torch.optim.Optimizer) -> None:
        teacher, student = self.features(pixels)
        loss = distillation_loss(teacher, student, self.description["layers"], "location")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()


def median_seconds(device: torch.device, work: Callable[[], object], warm_ups: int, repetitions: int) -> float:
    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    seconds = []
    for repetition in range(warm_ups + repetitions):
        wait()
        start = time.perf_counter()
        work()
        wait()
        if repetition >= warm_ups:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    options = parser.parse_args()

    on_gpu = torch.device(options.device).type == "cuda"
    for precision in ("float32", "tf32", "bfloat16") if on_gpu else ("float32", "bfloat16"):
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        model, description, _ = load_model(options.model)
        height, width = description["imageSize"]
        pixels = torch.from_numpy(np.fromfile(options.images, dtype=np.uint8)).view(-1, height, width, 3)
        runner = Runner(model, description, options.device, precision)
        scores = runner.score(pixels)
        warm, many, few = (1, 3, 2) if options.quick else (10, 50, 10)
        device = runner.device
        latency = median_seconds(device, lambda: runner.score(pixels[:1]), warm, many)
        batch = median_seconds(device, lambda: runner.score(pixels), 2, few)
        model.train()
        optimiser = torch.optim.Adam(model.trained_parameters(), lr=0.005, betas=(0.5, 0.999))
        step_images = pixels[:16]
        step = median_seconds(device, lambda: runner.train_step(step_images, optimiser), 2, few)
        speed = {
            "precision": precision,
            "latencySeconds": latency,
            "imagesPerSecond": len(pixels) / batch,
            "trainingImagesPerSecond": len(step_images) / step,
        }
        print(json.dumps({"speed": speed, "scores": [float(score) for score in scores]}), flush=True)


if __name__ == "__main__":
    main()
