"""Records everything that a model computes on one batch: features, maps, loss, gradients, and the losses and weights of
a short training, for comparison with another implementation that uses the same weights and images.

Reads requests from stdin, one JSON object per line, and answers each with an empty object once its file is written:

    {"model": path of a model file,
     "images": path of a safetensors file with `images`, uint8 [N, H, W, 3],
     "loss": "location" or "global",
     "epochs", "batchSize", "learningRate", "seed": settings of the training,
     "samples": number of values to keep of each tensor, evenly spaced,
     "out": path of the safetensors file to write}

The file has the kept values of each tensor under its name. Its metadata has `sizes` and `norms` as JSON: the number of
elements and the L2 norm of each whole tensor.
"""

import json
import sys
from pathlib import Path
from typing import Iterator

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from distance import distillation_loss
from images import normalise
from model import ReverseDistillation
from model_file import load_model
from score import anomaly_maps
from train import train


def trace_scoring(model: ReverseDistillation, pixels: Tensor, description: dict) -> Iterator[tuple[str, Tensor]]:
    with torch.no_grad():
        teacher, student = model(normalise(pixels, description["normalisation"]))
    for k in range(3):
        yield f"teacher.{k + 1}", teacher[k]
        yield f"student.{k + 1}", student[k]
    combined, smoothed = anomaly_maps(model, pixels, description)
    yield "map", combined
    yield "smoothed", torch.from_numpy(smoothed)


def trace_gradients(
    model: ReverseDistillation, pixels: Tensor, description: dict, loss: str
) -> Iterator[tuple[str, Tensor]]:
    """The loss and gradients of the first step, in training mode. Leaves the model unchanged."""
    statistics = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.train()
    teacher, student = model(normalise(pixels, description["normalisation"]))
    value = distillation_loss(teacher, student, description["layers"], loss)
    value.backward()
    yield "loss", value.detach()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            yield f"gradient.{name}", parameter.grad
    model.zero_grad()
    model.load_state_dict(statistics, strict=False)
    model.eval()


def trace_training(
    model: ReverseDistillation, pixels: Tensor, description: dict, request: dict
) -> Iterator[tuple[str, Tensor]]:
    losses = train(
        model,
        pixels,
        description,
        epochs=request["epochs"],
        batch_size=request["batchSize"],
        learning_rate=request["learningRate"],
        schedule=request["learningRateSchedule"],
        loss=request["loss"],
        seed=request["seed"],
    )
    yield "losses", torch.tensor(list(losses))
    for name, tensor in model.state_dict().items():
        if not name.startswith("teacher."):
            yield f"stepped.{name}", tensor


def trace(request: dict) -> None:
    model, description, _ = load_model(Path(request["model"]))
    pixels = load_file(request["images"])["images"]
    kept, sizes, norms = {}, {}, {}

    def keep(tensors: Iterator[tuple[str, Tensor]]) -> None:
        for name, tensor in tensors:
            flat = tensor.flatten().float()
            count = min(len(flat), request["samples"])
            positions = torch.arange(count) * len(flat) // count
            kept[name] = flat[positions]
            sizes[name] = len(flat)
            norms[name] = float(torch.linalg.vector_norm(flat, dtype=torch.float64))

    keep(trace_scoring(model, pixels, description))
    keep(trace_gradients(model, pixels, description, request["loss"]))
    keep(trace_training(model, pixels, description, request))
    metadata = {"sizes": json.dumps(sizes), "norms": json.dumps(norms), "torch": torch.__version__}
    save_file(kept, request["out"], metadata)


def main() -> None:
    for line in sys.stdin:
        trace(json.loads(line))
        print("{}", flush=True)


if __name__ == "__main__":
    main()
