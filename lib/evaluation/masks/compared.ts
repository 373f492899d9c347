import { readAhead } from "../../image/read-ahead.js";
import { normalLabel, type TestImage } from "../datasets/dataset.js";
import { decodeMask, resizedUnion, type ReadMask } from "../mask.js";
import type { PixelMap, PixelMask } from "../metrics/index.js";
import { sizeOfImage } from "./image-size.js";
import type { MaskFindings } from "./remarks.js";

/** The masks of an image, at their own sizes. */
export interface ReadMasks {
  masks: ReadMask[];
  /** Whether they cannot be scaled masks of the image. */
  otherProportions: boolean;
}

/** Reads the images' masks in order; while the caller works on those of one image, those of the next are read. */
export function masksAhead(
  test: readonly TestImage[],
  options: { maxPixels: number; signal: AbortSignal | undefined },
): AsyncGenerator<ReadMasks, void, undefined> {
  const read = async ({ image, label, mask }: TestImage): Promise<ReadMasks> => {
    const masks = [];
    for (const path of mask === undefined ? [] : [mask].flat()) masks.push(await decodeMask(path, options));
    const [first] = masks;
    const compared = first !== undefined && label !== normalLabel;
    return {
      masks,
      otherProportions: compared && (await differInProportions(image, first, options.maxPixels)),
    };
  };
  return readAhead(test, read, { limit: 2, signal: options.signal });
}

/** What a map is compared with, at the size of the map; undefined if there is no mask. Notes what looks wrong. */
export function comparedMask(
  { label }: TestImage,
  { masks, otherProportions }: ReadMasks,
  map: PixelMap,
  findings: MaskFindings,
): PixelMask | undefined {
  const [first] = masks;
  for (const { path, remarks } of masks) for (const remark of remarks) findings.add(remark, path);
  const marked = masks.some(({ count }) => count > 0);
  if (label === normalLabel) {
    if (first !== undefined && marked) findings.add("good-marked", first.path);
    return null;
  }
  if (first === undefined) return undefined;
  const union = resizedUnion(masks, map.height, map.width, map.part);
  const count = union.reduce((sum, each) => sum + each, 0);
  if (!marked) findings.add("empty", first.path);
  else if (count === 0) findings.add("lost", first.path);
  else if (map.mask !== undefined && union.every((each, i) => each === 0 || map.mask![i] === 0))
    findings.add("outside", first.path);
  else if (count > union.length / 2) findings.add("mostly-marked", first.path);
  if (otherProportions) findings.add("other-proportions", first.path);
  return union;
}

/** Whether a mask cannot be a scaled mask of the image. If the size of the image is unknown, it can. */
async function differInProportions(
  image: string,
  mask: { width: number; height: number },
  maxPixels: number,
): Promise<boolean> {
  const size = await sizeOfImage(image, maxPixels);
  if (size === undefined) return false;
  // Rounding to whole pixels changes the proportions of small masks.
  const expected = (mask.width * size.height) / size.width;
  return Math.abs(expected - mask.height) > 1 + 0.02 * mask.height;
}
