import { ReverseDistillationError } from "../errors/error.js";
import { fewestHeldOut, type HoldOut } from "../options/calibration.js";
import { Random } from "../random.js";

/** The share of the images that is held out if nothing else is asked for. */
export const heldOutShare = 1 / 5;

/** With fewer images, holding a fifth of them out would cost too much of the training. */
const fewestForAuto = fewestHeldOut / heldOutShare;

/**
 * Chooses the images that are held out of a training: whole groups in random order, until there are enough of them.
 * At least half of the images stay.
 *
 * @param groups The group of each image.
 * @returns ascending indices; none if there are too few images and the options do not insist.
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function chooseHeldOut(
  groups: readonly (string | number)[],
  { images, required }: HoldOut,
  seed: number,
): number[] {
  const count = groups.length;
  if (!required && count < fewestForAuto) return [];
  const wanted = images ?? Math.max(fewestHeldOut, Math.round(count * heldOutShare));
  const members = new Map<string | number, number[]>();
  groups.forEach((group, index) => {
    const own = members.get(group);
    if (own === undefined) members.set(group, [index]);
    else own.push(index);
  });
  const chosen: number[] = [];
  for (const group of new Random("held out", seed).shuffled([...members.values()])) {
    if (chosen.length >= wanted) break;
    if (chosen.length + group.length <= count / 2) chosen.push(...group);
  }
  if (chosen.length >= wanted) return chosen.sort((a, b) => a - b);
  if (!required) return [];
  const inGroups = members.size < count ? ` in ${members.size} groups` : "";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Calibrating needs ${wanted} of the images, which must be at most half of them; got ${count}${inGroups}. ` +
      "Pass more images, hold out fewer (calibrate.images), or set calibrate: false and call calibrate() later.",
  );
}
