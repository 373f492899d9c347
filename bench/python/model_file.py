"""Model files: the one thing that the reference shares with the Node package.

One safetensors file: tensors `teacher.*`, `bn.*`, `decoder.*`, and in the metadata, as JSON, `model` and
`training`.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from model import ReverseDistillation


def load_model(path: Path) -> tuple[ReverseDistillation, dict, dict]:
    """The model, its description and that of its training. Every tensor must be there, and no other."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}
    description = json.loads(metadata["model"])
    # Without initial weights: they would only be overwritten.
    with torch.device("meta"):
        model = ReverseDistillation(description["backbone"], description["layout"])
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval(), description, json.loads(metadata["training"])


def save_model(path: Path, model: ReverseDistillation, description: dict, training: dict) -> None:
    metadata = {
        "format": "reverse-distillation",
        "format_version": "1",
        "created_by": f"the reference, PyTorch {torch.__version__}",
        "model": json.dumps(description),
        "training": json.dumps(training),
    }
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path, metadata)
