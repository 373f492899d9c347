import { types } from "node:util";
import { integer, invalid, record } from "../errors/validate.js";

/** Where an image is anomalous: one value per pixel of the image at the model's size. Higher is more anomalous. */
export interface AnomalyMap {
  /** height x width values, row by row from the top. They lie in LibTorch's memory, which is freed with this array. */
  data: Float32Array;
  height: number;
  width: number;
  /** The part of the image that the map shows; absent if it shows the whole image. */
  part?: MapPart;
  /**
   * The region of interest: one value per pixel of the map, 0 outside, where the map is 0 too. Absent if it is the whole
   * map.
   */
  mask?: Uint8Array;
}

/** A rectangle of an image, as shares of its width and height. */
export interface MapPart {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The whole of an image. */
export const wholeImage: MapPart = { left: 0, top: 0, width: 1, height: 1 };

/**
 * Checks that a map's values fit its size.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function checkedMap(map: AnomalyMap): AnomalyMap {
  const { data, height, width, part, mask } = map;
  // The check of node:util holds for arrays from another realm too, such as a test runner's.
  if (!types.isFloat32Array(data)) throw invalid("A map's data", "a Float32Array", typeof data);
  integer("A map's height", height, 0, longestArray);
  integer("A map's width", width, 0, longestArray);
  if (data.length !== height * width)
    throw invalid("A map's data", `${height} x ${width} values`, data.length);
  return {
    data,
    height,
    width,
    ...(part !== undefined && { part: checkedPart(part) }),
    ...(mask !== undefined && { mask: checkedMask(mask, data.length) }),
  };
}

function checkedMask(mask: Uint8Array, length: number): Uint8Array {
  if (!types.isUint8Array(mask)) throw invalid("A map's mask", "a Uint8Array", typeof mask);
  if (mask.length !== length) throw invalid("A map's mask", `${length} values, as the map has`, mask.length);
  return mask;
}

/** A little beyond the edge is what rounding leaves. */
const rounding = 1e-9;

function checkedPart(value: MapPart): MapPart {
  const { left, top, width, height } = record(
    "A map's part",
    value,
    Object.keys(wholeImage),
  ) as unknown as MapPart;
  const within = (start: number, length: number) =>
    start >= 0 && length > 0 && start + length <= 1 + rounding;
  if (within(left, width) && within(top, height)) return { left, top, width, height };
  throw invalid("A map's part", "a rectangle within the image, in shares from 0 to 1", value);
}

/** The length of the longest typed array. */
const longestArray = 2 ** 32 - 1;
