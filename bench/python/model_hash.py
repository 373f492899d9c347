"""The hashes of model files (docs/model-format.md): SHA-256 over the values of tensors and over metadata."""

import hashlib

from torch import Tensor


def hash_model(description: str, state: dict[str, Tensor]) -> tuple[str, str]:
    """`description` is the text of the metadata `model`; `state` has all tensors, by their names in a model file.

    Returns the hash of the teacher and that of the model."""
    teacher = hashlib.sha256()
    for name in sorted(name for name in state if name.startswith("teacher.")):
        _add(teacher, name.removeprefix("teacher."), state[name])
    model = hashlib.sha256(f"{description}\n{teacher.hexdigest()}\n".encode())
    for name in sorted(name for name in state if not name.startswith("teacher.")):
        _add(model, name, state[name])
    return teacher.hexdigest(), model.hexdigest()


def hash_metadata(metadata: dict[str, str]) -> str:
    """The hash of all metadata except `content_sha256`, which stores it."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        if key != "content_sha256":
            digest.update(f"{key}\0{metadata[key]}\0".encode())
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", name: str, tensor: Tensor) -> None:
    if name.endswith(".num_batches_tracked"):
        return
    digest.update(f"{name} {'x'.join(map(str, tensor.shape))}\n".encode())
    digest.update(tensor.float().contiguous().numpy().tobytes())
