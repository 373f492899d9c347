import { fittedSize, seenPart, type Frame, type Size } from "../image/fit.js";
import type { RegionOfInterest } from "../options/roi.js";
import { rasterise } from "./rasterise.js";

/** Masks that are kept: images of one camera need one. */
const mostKept = 16;

/** The region of interest of a model on the maps of its images. */
export class InterestMasks {
  readonly #roi: RegionOfInterest | undefined;
  readonly #frame: Frame;
  /** Those used last come last. */
  readonly #kept = new Map<string, Uint8Array>();

  /** @throws ReverseDistillationError `INVALID_ARGUMENT` if the region is empty in an image of the frame's proportions. */
  constructor(roi: RegionOfInterest | undefined, frame: Frame) {
    this.#roi = roi;
    this.#frame = frame;
    this.of(frame);
  }

  /**
   * The mask of an image's map: 1 inside and 0 outside, row by row; undefined if whole images are of interest. It is
   * shared and must not change.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if the region is outside of what is seen of the image.
   */
  of(image: Size): Uint8Array | undefined {
    if (this.#roi === undefined) return undefined;
    const map = { ...fittedSize(image, this.#frame), part: seenPart(image, this.#frame) };
    const key = JSON.stringify(map);
    const mask = this.#kept.get(key) ?? rasterise(this.#roi, map);
    this.#kept.delete(key);
    this.#kept.set(key, mask);
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value!);
    return mask;
  }
}
