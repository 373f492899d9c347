import type { LevelRange } from "../options/levels.js";
import { lend, type LentImage, type ScorableImage } from "./lent-image.js";
import type { RawImage } from "./raw-image.js";

/** The levels of one image: those of the model, or else the full range of its depth. */
export function levelRange({ data, depth = 16 }: RawImage, model?: LevelRange): LevelRange {
  if (data.BYTES_PER_ELEMENT === 1) return { black: 0, white: 255 };
  return model ?? { black: 0, white: 2 ** depth - 1 };
}

/** A raw image with its levels, as the addon takes it. */
export type LeveledImage = LentImage &
  Partial<LevelRange> & {
    /** The region of interest on the image's map: 0 outside. No caller of the package may hold it. */
    mask?: Uint8Array | undefined;
  };

/** The image as native code takes it, with the levels of a model, if it has any. */
export function withLevels(image: ScorableImage, model: LevelRange | undefined): LeveledImage {
  return model === undefined ? lend(image) : { ...lend(image), ...model };
}
