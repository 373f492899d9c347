import { types } from "node:util";
import { integer, invalid } from "../errors/validate.js";

/** Where an image is anomalous: one value per pixel of the image at the model's size. Higher is more anomalous. */
export interface AnomalyMap {
  /** height x width values, row by row from the top. They lie in LibTorch's memory, which is freed with this array. */
  data: Float32Array;
  height: number;
  width: number;
}

/**
 * Checks that a map's values fit its size.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function checkedMap(map: AnomalyMap): AnomalyMap {
  const { data, height, width } = map;
  // The check of node:util holds for arrays from another realm too, such as a test runner's.
  if (!types.isFloat32Array(data)) throw invalid("A map's data", "a Float32Array", typeof data);
  integer("A map's height", height, 0, longestArray);
  integer("A map's width", width, 0, longestArray);
  if (data.length !== height * width)
    throw invalid("A map's data", `${height} x ${width} values`, data.length);
  return { data, height, width };
}

/** The length of the longest typed array. */
const longestArray = 2 ** 32 - 1;
