"""Runs the jobs of the benchmark, and measures the seconds that each takes in this process.

Reads requests from stdin, one JSON object per line, and answers each with a JSON object:

    {"job": "open", "model": path of a model file, "images": path of a safetensors file with `images`,
     uint8 [N, H, W, 3]} -> {"torch", "threads"}
     Opens the model and the images that the other jobs use.
    {"job": "score", "count": n} -> {"seconds", "scores"}
     Scores the first n images as one batch, from their pixels to the smoothed map.
    {"job": "train", "batchSize": n, "steps": n, "keep": bool} -> {"seconds" per step, "loss" of the first step}
     Runs steps of Adam on the first images. The teacher's features are kept, or computed at every step.
    {"job": "maps", "backbone", "size": n} -> {"seconds": {operator: seconds}}
     Computes the smoothed map and its maximum from features of noise, for one image. `anomaly_map` is all of it.
    {"job": "operations", "keep": bool} -> {"score", "step"}
     Counts the floating-point operations per image of scoring and of a training step, with or without the teacher.
    {"job": "peak", "dtype"} -> {"operationsPerSecond"}
     Measures a large matrix product in that dtype, by the faster of two ways: the product of MKL or oneDNN, as PyTorch
     chooses, and oneDNN's 1x1 convolution.
    {"job": "memory"} -> {"peakBytes"}
     Returns the peak memory of this process.
    {"job": "resize", "images": path of a safetensors file with `images`, "size": [height, width],
     "out": path of the file to write} -> {"seconds" per image}
     Resizes the images with Pillow.
"""

import copy
import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from anomaly_map import combine_maps, smooth
from distance import distance_maps, distillation_loss
from images import normalise
from model import ReverseDistillation
from model_file import load_model
from score import anomaly_maps


class Jobs:
    model: ReverseDistillation
    description: dict
    pixels: Tensor

    def open(self, request: dict) -> dict:
        self.model, self.description, _ = load_model(Path(request["model"]))
        self.pixels = load_file(request["images"])["images"]
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def score(self, request: dict) -> dict:
        pixels = self.pixels[: request["count"]]
        seconds, (_, smoothed) = timed(lambda: anomaly_maps(self.model, pixels, self.description))
        return {"seconds": seconds, "scores": [float(map_.max()) for map_ in smoothed]}

    def train(self, request: dict) -> dict:
        images = normalise(self.pixels[: request["batchSize"]], self.description["normalisation"])
        parameters = self.model.trained_parameters()
        optimiser = torch.optim.Adam(parameters, lr=0.005, betas=(0.5, 0.999))
        with torch.no_grad():
            kept = self.model.teacher(images) if request["keep"] else None

        def step() -> float:
            with torch.no_grad():
                teacher = self.model.teacher(images) if kept is None else kept
            student = self.model.decoder(self.model.bn(teacher))
            loss = distillation_loss(teacher, student, self.description["layers"], "location")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            return loss.item()

        self.model.train()
        first = step()
        seconds, _ = timed(lambda: [step() for _ in range(request["steps"])])
        self.model.eval()
        return {"seconds": seconds / max(request["steps"], 1), "loss": first}

    @torch.no_grad()
    def maps(self, request: dict) -> dict:
        expansion = 1 if request["backbone"] in ("resnet18", "resnet34") else 4
        size = request["size"]
        shapes = [(1, (64 << k) * expansion, size >> (k + 2), size >> (k + 2)) for k in range(3)]
        teacher, student = ([torch.randn(shape) for shape in shapes] for _ in range(2))
        features = teacher, student, [1, 2, 3]
        maps = distance_maps(*features)
        combined = combine_maps(maps, (size, size), "sum")
        smoothed = smooth(combined, 4.0)
        distances = median_time(lambda: distance_maps(*features))
        summing = median_time(lambda: combine_maps(maps, (size, size), "sum"))
        smoothing = median_time(lambda: smooth(combined, 4.0))
        maximum = median_time(smoothed.max)
        seconds = {"cosine_map": distances, "upsample_sum": summing, "gaussian_blur": smoothing}
        return {"seconds": {**seconds, "anomaly_map": distances + summing + smoothing + maximum}}

    def operations(self, request: dict) -> dict:
        model = copy.deepcopy(self.model).to("meta")  # Computes only shapes.
        images = normalise(self.pixels[:1], self.description["normalisation"]).to("meta")

        def step() -> None:
            distillation_loss(*model(images), self.description["layers"], "location").backward()

        scoring, teacher = operations_of(lambda: model(images)), operations_of(lambda: model.teacher(images))
        model.train()
        return {"score": scoring, "step": operations_of(step) - (teacher if request["keep"] else 0)}

    @torch.no_grad()
    def peak(self, request: dict) -> dict:
        dtype = getattr(torch, request["dtype"])
        rows, inner, columns = 2048, 2048, 2048
        left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(inner, columns, dtype=dtype)
        # The same product as a convolution, with one position per row.
        image = left.view(1, 32, 64, inner).permute(0, 3, 1, 2)
        kernels = right.T.reshape(columns, inner, 1, 1).contiguous(memory_format=torch.channels_last)
        ways = (lambda: left @ right, lambda: torch.nn.functional.conv2d(image, kernels))
        seconds = min(timed(way)[0] for way in ways for _ in range(2))
        return {"operationsPerSecond": 2 * rows * inner * columns / seconds}

    def memory(self, _: dict) -> dict:
        # Not from getrusage, which starts with the memory of the parent process.
        status = Path("/proc/self/status").read_text()
        return {"peakBytes": int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024}

    def resize(self, request: dict) -> dict:
        images = [Image.fromarray(image.numpy()) for image in load_file(request["images"])["images"]]
        height, width = request["size"]
        seconds, resized = timed(lambda: [image.resize((width, height), Image.Resampling.BILINEAR) for image in images])
        save_file({"images": torch.stack([torch.from_numpy(np.array(image)) for image in resized])}, request["out"])
        return {"seconds": seconds / len(images)}


def operations_of(work: Callable) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def median_time(work: Callable, repetitions: int = 9) -> float:
    return statistics.median(timed(work)[0] for _ in range(repetitions))


def timed(work: Callable) -> tuple[float, object]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> None:
    jobs = Jobs()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(jobs, request["job"])(request)), flush=True)


if __name__ == "__main__":
    main()
