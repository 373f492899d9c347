import type { LevelRange } from "../options/levels.js";
import { levelRange } from "./levels.js";
import type { RawImage } from "./raw-image.js";
import { sampledValues } from "./sampled-values.js";

type Code = "UNUSED_RANGE" | "CLIPPED_RANGE";
const noted = new Set<Code>();

/**
 * Warns once per process and code (process warning `ReverseDistillationWarning`) about an image with more than 8 bits that
 * does not fit its levels:
 *
 * - `UNUSED_RANGE`: its values fill less than an eighth of the range, as those of a 12-bit camera in a 16-bit file do, so
 *   the network sees little contrast.
 * - `CLIPPED_RANGE`: more than half of its values lie outside the range.
 *
 * @param model The levels of the model, if it has any.
 */
export function noteRange(image: RawImage, name: string, model?: LevelRange): void {
  if (image.data.BYTES_PER_ELEMENT === 1 || noted.size === 2) return;
  const { black, white } = levelRange(image, model);
  const values = sampledValues(image);
  let [lowest, highest, outside] = [65_535, 0, 0];
  for (const value of values) {
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    if (value < black || value > white) outside += 1;
  }
  // A blank frame says nothing about the range.
  if (highest === lowest) return;
  const found = `${name}: its values lie between ${lowest} and ${highest}, but black is ${black} and white is ${white}`;
  if (outside > values.length / 2) {
    note(
      "CLIPPED_RANGE",
      `${found}, so most of them are clipped. Was the model trained on images of another depth?`,
    );
  } else if (highest - lowest < (white - black + 1) / 8) {
    note(
      "UNUSED_RANGE",
      `${found}, so the network sees little contrast. If the camera has fewer bits than the file, train with the option ` +
        "levels, pass raw pixels with their depth, or rescale the images so that white is the largest value.",
    );
  }
}

function note(code: Code, message: string): void {
  if (noted.has(code)) return;
  noted.add(code);
  process.emitWarning(message, { type: "ReverseDistillationWarning", code });
}
