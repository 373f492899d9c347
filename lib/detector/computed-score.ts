import type { LeveledImage } from "../image/levels.js";
import type { ScorableImage } from "../image/lent-image.js";
import { originalSize } from "../image/original-size.js";
import type { NativeScore } from "../native/addon.js";
import type { InterestMasks } from "../regions/interest-masks.js";

/** The result of one image, and the region of interest on its map. */
export interface ComputedScore extends NativeScore {
  /** 0 outside; undefined for the whole map. It is shared and must not change. */
  mask: Uint8Array | undefined;
}

/** Scores images as one batch, inside of the region of interest. */
export async function scoreInside(
  images: readonly ScorableImage[],
  masks: InterestMasks,
  lend: (image: ScorableImage) => LeveledImage,
  score: (images: LeveledImage[]) => Promise<NativeScore[]>,
): Promise<ComputedScore[]> {
  const found = images.map((image) => masks.of(originalSize(image)));
  const lent = images.map((image, i) =>
    found[i] === undefined ? lend(image) : { ...lend(image), mask: found[i] },
  );
  const scores = await score(lent);
  return scores.map((each, i) => ({ ...each, mask: found[i] }));
}
