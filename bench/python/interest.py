"""Regions of interest as model files describe them: which pixels of a map count."""

import numpy as np

WHOLE = (0.0, 0.0, 1.0, 1.0)


def interest_mask(
    roi: dict | None, size: tuple[int, int], part: tuple[float, float, float, float] = WHOLE
) -> np.ndarray:
    """bool [H, W]: whether the centre of each pixel of a map lies inside. `part` is what the map shows of the image: left,
    top, width and height, in shares of the image."""
    height, width = size
    left, top, part_width, part_height = part
    if roi is None:
        return np.ones(size, dtype=bool)
    if "mask" in roi:
        mask = roi["mask"]
        inside = np.repeat(np.arange(len(mask["runs"])) % 2 == 1, mask["runs"]).reshape(mask["height"], mask["width"])
        rows = (top + (np.arange(height) + 0.5) / height * part_height) * mask["height"]
        columns = (left + (np.arange(width) + 0.5) / width * part_width) * mask["width"]
        rows = np.minimum(rows.astype(int), mask["height"] - 1)
        columns = np.minimum(columns.astype(int), mask["width"] - 1)
        return inside[rows[:, None], columns]

    def holds(polygon: list) -> np.ndarray:
        points = (np.array(polygon) - (left, top)) * (width, height) / (part_width, part_height)
        return _filled(points, size)

    result = np.full(size, "include" not in roi)
    for polygon in roi.get("include", []):
        result |= holds(polygon)
    for polygon in roi.get("exclude", []):
        result &= ~holds(polygon)
    return result


def _filled(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which centres of pixels lie in a polygon, by the even-odd rule."""
    height, width = size
    inside = np.zeros(size, dtype=bool)
    centres = np.arange(width) + 0.5
    for a, b in zip(np.roll(points, 1, axis=0), points):
        (x0, y0), (x1, y1) = sorted((tuple(a), tuple(b)), key=lambda point: point[1])
        for row in range(max(0, int(np.ceil(y0 - 0.5))), min(height, int(np.ceil(y1 - 0.5)))):
            inside[row] ^= centres >= x0 + (row + 0.5 - y0) / (y1 - y0) * (x1 - x0)
    return inside


def place_in_frame(mask: np.ndarray, frame: tuple[int, int]) -> np.ndarray:
    """Centres a mask in the input of the networks. Padding is outside."""
    below, right = frame[0] - mask.shape[0], frame[1] - mask.shape[1]
    return np.pad(mask, [(below // 2, below - below // 2), (right // 2, right - right // 2)])
