"""Model files, the only thing that the reference shares with the Node package. docs/model-format.md describes them.

A model file is a safetensors file with the tensors `teacher.*`, `bn.*` and `decoder.*` under torchvision's names, and
metadata in which `model` and `training` are JSON. This module reads versions 1 to 5, of which it leaves out thresholds,
and writes version 2, 3 if the model has levels, or 5 if it pads, crops or has a region of interest.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from model import ReverseDistillation
from model_hash import hash_metadata, hash_model

VERSION = 6


def load_model(path: Path, teacher: Path | None = None) -> tuple[ReverseDistillation, dict, dict | None]:
    """Returns the model, its description and the description of its training. The file must have exactly the tensors of
    the model, with matching hashes.

    `teacher` is for a file that only refers to its teacher: the teacher's weights under torchvision's names, as
    safetensors or as a state dict.
    """
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}
    version = _check_metadata(path, metadata)
    if teacher is not None:
        state |= {f"teacher.{name}": tensor for name, tensor in _teacher_weights(teacher).items()}
    # Weights stored in float16 become float32; counters stay integers.
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    if version > 1 and hash_model(metadata["model"], state)[1] != metadata["model_sha256"]:
        raise ValueError(f"{path}: the tensors do not match model_sha256")
    description = json.loads(metadata["model"])
    # Without initial weights, which would be overwritten anyway.
    with torch.device("meta"):
        model = ReverseDistillation(description["backbone"], description["layout"])
    counters = {name for name in model.state_dict() if name.endswith(".num_batches_tracked")}
    missing = model.state_dict().keys() - state.keys()
    if missing <= counters:
        state |= {name: torch.tensor(0) for name in missing}
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval(), description, json.loads(metadata["training"])


def save_model(path: Path, model: ReverseDistillation, description: dict, training: dict) -> None:
    """`training` is the description of the training without `run`, which the reference does not record."""
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    # Formatted as in JavaScript, so that the model keeps its hash when the addon saves it again.
    text = json.dumps(description, separators=(",", ":"))
    teacher_hash, model_hash = hash_model(text, state)
    metadata = {
        "format": "reverse-distillation",
        "format_version": str(max(_needed_version(description), _needed_by_training(training))),
        "created_by": f"the reference, PyTorch {torch.__version__}",
        "model": text,
        "training": json.dumps({**training, "run": None}),
        "teacher": json.dumps({"included": True, "sha256": teacher_hash}),
        "model_sha256": model_hash,
    }
    save_file(state, path, {**metadata, "content_sha256": hash_metadata(metadata)})


def _needed_version(description: dict) -> int:
    """The oldest version of the format that has all of the options."""
    since = {"levels": 3, "fit": 5, "roi": 5, "tiles": 6}
    return max([2, *(version for name, version in since.items() if name in description)])


def _needed_by_training(training: dict) -> int:
    return 6 if "learningRateSchedule" in training or "weightAverage" in training else 2


def _check_metadata(path: Path, metadata: dict[str, str] | None) -> int:
    if metadata is None or metadata.get("format") != "reverse-distillation":
        raise ValueError(f"{path} is not a model file")
    version = int(metadata["format_version"])
    if version > VERSION:
        raise ValueError(f"{path} has version {version} of the format; versions up to {VERSION} are supported")
    if version > 1 and hash_metadata(metadata) != metadata["content_sha256"]:
        raise ValueError(f"{path}: the metadata does not match content_sha256")
    return version


def _teacher_weights(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".safetensors":
        weights = load_file(path)
    else:
        weights = torch.load(path, weights_only=True, map_location="cpu")
    return {name: tensor for name, tensor in weights.items() if not name.startswith(("layer4.", "fc."))}
