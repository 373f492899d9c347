"""Does the jobs of the benchmark and says how long each took, in seconds of this process's own clock.

Reads requests from the standard input, one JSON object a line, and answers each with one:

    {"job": "open", "model": path of a model file, "images": path of a safetensors file with `images`,
     uint8 [N, H, W, 3]}: what the other jobs work on -> {"torch", "threads"}
    {"job": "score", "count": n}: the first n images as one batch, from their pixels to the smoothed map ->
     {"seconds", "scores"}
    {"job": "train", "batchSize": n, "steps": n, "keep": bool}: steps of Adam on the first images, the
     teacher's features computed at each step, or kept from before -> {"seconds", "loss"}: of a step, and of
     the first one
    {"job": "maps", "backbone", "size": n}: from features of noise to the smoothed map and its maximum, for one
     image -> {"seconds": {step: seconds}}
    {"job": "arithmetic"} -> {"operations", "peak"}: floating-point operations of scoring one image, and how
     many a second a product of two float32 matrices of 2048 x 2048 does
    {"job": "memory"} -> {"peakBytes"}: the most that this process held
    {"job": "resize", "images": path of a safetensors file with `images`, "size": [height, width]}: by Pillow
     -> {"seconds"}, an image
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Callable

import torch
from PIL import Image
from safetensors.torch import load_file
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
        return {"seconds": seconds / request["steps"], "loss": first}

    @torch.no_grad()
    def maps(self, request: dict) -> dict:
        expansion = 1 if request["backbone"] in ("resnet18", "resnet34") else 4
        size = request["size"]
        shapes = [(1, (64 << k) * expansion, size >> (k + 2), size >> (k + 2)) for k in range(3)]
        teacher, student = ([torch.randn(shape) for shape in shapes] for _ in range(2))
        distances, maps = timed(lambda: distance_maps(teacher, student, [1, 2, 3]))
        summing, combined = timed(lambda: combine_maps(maps, (size, size), "sum"))
        smoothing, _ = timed(lambda: smooth(combined, 4.0).max())
        seconds = {"cosine_map": distances, "upsample_sum": summing, "blur_and_maximum": smoothing}
        return {"seconds": {**seconds, "all": distances + summing + smoothing}}

    def arithmetic(self, _: dict) -> dict:
        with FlopCounterMode(display=False) as counter:
            anomaly_maps(self.model, self.pixels[:1], self.description)
        matrix = torch.randn(2048, 2048)
        seconds = sorted(timed(lambda: matrix @ matrix)[0] for _ in range(9))
        return {"operations": counter.get_total_flops(), "peak": 2 * 2048**3 / seconds[len(seconds) // 2]}

    def memory(self, _: dict) -> dict:
        return {"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    def resize(self, request: dict) -> dict:
        images = [Image.fromarray(image.numpy()) for image in load_file(request["images"])["images"]]
        height, width = request["size"]
        seconds, _ = timed(lambda: [image.resize((width, height), Image.Resampling.BILINEAR) for image in images])
        return {"seconds": seconds / len(images)}


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
