"""Writes metrics.json: small inputs, and what scikit-learn and SciPy make of them.

    pip install numpy scipy scikit-learn
    python metrics.py > metrics.json

Scores are whole numbers, to be divided by `divisor`, so that they are exact in 32 bits.
"""

import json
import warnings

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score


def classification(scores, labels):
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
    best = f1.max()
    return {
        "auroc": float(roc_auc_score(labels, scores)),
        "averagePrecision": float(average_precision_score(labels, scores)),
        "f1Max": {"f1": float(best), "threshold": float(thresholds[np.flatnonzero(f1 >= best - 1e-12)[-1]])},
    }


def overlap_curve(maps, masks, max_fpr):
    """Per-region overlap, by its definition: every threshold, every region."""
    regions = []
    for number, mask in enumerate(masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        regions += [(number, labels == region) for region in range(1, count + 1)]
    normal = np.concatenate([m[~mask.astype(bool)] for m, mask in zip(maps, masks)])
    if not regions or normal.size == 0:
        return None
    fpr, overlap = [0.0], [0.0]
    for threshold in np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]:
        fpr.append(np.mean(normal >= threshold))
        overlap.append(np.mean([np.mean(maps[number][region] >= threshold) for number, region in regions]))
    fpr, overlap = np.array(fpr), np.array(overlap)
    below = fpr <= max_fpr
    x, y = fpr[below], overlap[below]
    if x[-1] < max_fpr:
        after = np.flatnonzero(~below)[0]
        share = (max_fpr - x[-1]) / (fpr[after] - x[-1])
        y = np.append(y, y[-1] + share * (overlap[after] - y[-1]))
        x = np.append(x, max_fpr)
    return float(np.trapezoid(y, x) / max_fpr)


def aupimo(maps, masks, bounds, count=300_000):
    """AUPIMO by the definition of Bertoldo et al. 2024, with the thresholds of anomalib: every threshold, every image."""
    normal = [np.sort(m.ravel()) for m, mask in zip(maps, masks) if not mask.any()]
    if not normal:
        return [None] * len(maps)
    thresholds = np.linspace(min(m[0] for m in normal), max(m[-1] for m in normal), count).astype(np.float32)

    def rates(pixels):
        return (pixels.size - np.searchsorted(pixels, thresholds, side="left")) / pixels.size

    shared = np.mean([rates(m) for m in normal], axis=0)
    if shared[-1] > bounds[0]:
        return [None] * len(maps)
    last, first = (int(np.argmin(np.abs(shared - bound))) for bound in bounds)
    if last - first + 1 <= 30:
        return [None] * len(maps)
    x = np.log(shared[first : last + 1][::-1])
    values = []
    for m, mask in zip(maps, masks):
        if not mask.any():
            values.append(None)
            continue
        y = rates(np.sort(m[mask.astype(bool)]))[first : last + 1][::-1]
        values.append(float(np.clip(np.trapezoid(y, x) / np.log(bounds[1] / bounds[0]), 0, 1)))
    return values


def hashed(count, seed):
    """Numbers from 0 to 1 that JavaScript makes alike: the finaliser of MurmurHash3 over consecutive numbers."""
    h = (np.arange(count, dtype=np.uint64) + seed * 0x9E3779B1).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    return h / 2**32


def heavy_tailed_case(seed):
    """Maps with few high scores, as in practice, so that many thresholds lie between the bounds."""
    shapes = [(160 + 16 * ((seed + image) % 3), 224) for image in range(7)]
    images = []
    for image, shape in enumerate(shapes):
        scores = (1 / (1.0 - hashed(shape[0] * shape[1], 16 * seed + image))).reshape(shape)
        mask = np.zeros(shape, np.uint8)
        if image >= 4:
            mask[10 * image : 10 * image + 24, 20 : 20 + 12 * (seed + 1)] = 1
            scores[mask == 1] *= 4096 * 4.0 ** (image - 4)
        images.append((scores.astype(np.float32), mask))
    maps, masks = zip(*images)
    return {"seed": seed, "expected": aupimo(maps, masks, (1e-5, 1e-4))}


def pixel_case(name, shapes, draw_masks, levels, divisor, max_fpr, rng):
    masks = [draw(np.zeros(shape, np.uint8)) for shape, draw in zip(shapes, draw_masks)]
    maps = []
    for mask in masks:
        smooth = ndimage.gaussian_filter(rng.normal(size=mask.shape), 1.2) * 2 + ndimage.gaussian_filter(mask * 1.0, 1)
        maps.append(np.round((smooth - 0.3) * levels).astype(int))
    scores = [m / divisor for m in maps]
    flat = np.concatenate([s.ravel() for s in scores])
    truth = np.concatenate([m.ravel() for m in masks])
    per_image = [overlap_curve([s], [m], max_fpr) for s, m in zip(scores, masks)]
    per_image = [value for value in per_image if value is not None]
    return {
        "name": name,
        "divisor": divisor,
        "maxFpr": max_fpr,
        "fprBounds": [max_fpr / 5, max_fpr],
        "images": [
            {"height": m.shape[0], "width": m.shape[1], "scores": m.ravel().tolist(), "mask": k.ravel().tolist()}
            for m, k in zip(maps, masks)
        ],
        "expected": {
            **classification(flat, truth),
            "aupimo": aupimo([s.astype(np.float32) for s in scores], masks, (max_fpr / 5, max_fpr)),
            "pro": {"dataset": overlap_curve(scores, masks, max_fpr), "imageMean": float(np.mean(per_image))},
        },
    }


def boxes(*rectangles):
    def draw(mask):
        for top, left, height, width in rectangles:
            mask[top : top + height, left : left + width] = 1
        return mask

    return draw


def image_case(name, scores, divisor, labels):
    return {
        "name": name,
        "divisor": divisor,
        "scores": np.asarray(scores).tolist(),
        "labels": np.asarray(labels).tolist(),
        "expected": classification(np.asarray(scores) / divisor, np.asarray(labels)),
    }


def main():
    rng = np.random.default_rng(20220618)

    def overlapping(count, levels, share):
        labels = (rng.random(count) < share).astype(int)
        return np.round((rng.normal(size=count) + 0.9 * labels) * levels).astype(int), labels

    images = [
        image_case("few distinct scores", *with_divisor(overlapping(160, 3, 0.4), 4)),
        image_case("many distinct scores", *with_divisor(overlapping(300, 40_000, 0.3), 65_536)),
        image_case("rare anomalies", *with_divisor(overlapping(400, 50, 0.02), 64)),
        image_case("one of each", [3, 5], 1, [1, 0]),
        image_case("all scores equal", [7] * 9, 8, [0, 1, 0, 0, 1, 0, 1, 0, 0]),
        image_case("zero and minus zero's neighbours", [-3, -2, -1, 0, 0, 1, 2, 3], 2, [0, 0, 1, 0, 1, 0, 1, 1]),
        image_case("perfectly apart", [-9, -8, -7, 1, 2], 16, [0, 0, 0, 1, 1]),
    ]
    pixels = [
        pixel_case(
            "regions of several sizes, good images, ties",
            [(24, 20), (20, 24), (24, 20), (16, 16)],
            [
                boxes((2, 2, 3, 4), (12, 10, 8, 7)),
                boxes(),
                boxes((0, 0, 2, 2), (2, 2, 2, 2), (20, 3, 1, 1)),
                boxes((5, 0, 6, 16)),
            ],
            8, 16, 0.3, rng,
        ),
        pixel_case(
            "nearly every score distinct",
            [(18, 26), (31, 17)],
            [boxes((3, 3, 9, 2), (3, 7, 9, 1)), boxes((0, 0, 31, 4), (11, 12, 4, 5))],
            30_000, 65_536, 0.3, rng,
        ),
        pixel_case(
            "another limit, an image without a normal pixel",
            [(12, 12), (9, 11)],
            [boxes((4, 4, 3, 3)), boxes((0, 0, 9, 11))],
            16, 32, 0.05, rng,
        ),
    ]
    print(json.dumps({"images": images, "pixels": pixels, "heavyTailed": [heavy_tailed_case(seed) for seed in range(8)]}))


def with_divisor(scores_and_labels, divisor):
    scores, labels = scores_and_labels
    return scores, divisor, labels


if __name__ == "__main__":
    main()
