import { requireEnough } from "../calibration/calibration.js";
import { chooseHeldOut } from "../calibration/hold-out.js";
import { stoppedBy, throwIfAborted } from "../errors/abort.js";
import type { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { invalid } from "../errors/validate.js";
import { decodeInTurn, decoders } from "../image/decode-in-turn.js";
import { hashOfImages, imageIdentity, shortDigest } from "../image/digest.js";
import { nameOfImage, type ImageInput } from "../image/input.js";
import type { Size } from "../image/fit.js";
import { asDecodedHere, lend } from "../image/lent-image.js";
import { LevelMeter } from "../image/level-meter.js";
import { asShrunk } from "../image/original-size.js";
import { isRawLike } from "../image/raw-image.js";
import { readAhead } from "../image/read-ahead.js";
import type { OpenedSource } from "../image/source.js";
import type { NativeImageSet } from "../native/addon.js";
import type { HoldOut } from "../options/calibration.js";
import type { LevelRange } from "../options/levels.js";
import type { TrainProgress } from "../options/progress.js";
import type { InterestMasks } from "../regions/interest-masks.js";
import type { ResolvedTrainOptions } from "../options/train.js";
import type { NamedImage } from "./calibrator.js";
import type { EarlierModel } from "./warm-start.js";

/** What the reading of the training images results in, apart from the set. */
export interface StagedImages {
  /** Hash of the images that are trained on. */
  imagesSha256: string;
  /** Their short digests. */
  trained: string[];
  levels: LevelRange | undefined;
  /** The images that were held out, at the size of the model. */
  heldOut: NamedImage[];
}

/** Reads the images into the set, with the levels that are given or derived from them, and holds some of them out. */
export async function stageImages(
  { images, total }: OpenedSource,
  set: NativeImageSet,
  masks: InterestMasks,
  progress: Callback<[TrainProgress]>,
  { levels: given, tiles, calibrate, seed, maxPixels, signal }: ResolvedTrainOptions,
  earlier?: EarlierModel,
): Promise<StagedImages> {
  const groups: (string | number)[] = [];
  const names: string[] = [];
  const identities: Buffer[] = [];
  const sizes: Size[] = [];
  const meter = new LevelMeter();
  const read = async (input: ImageInput, index: number) => {
    groups.push(groupOf(input, index, calibrate));
    names.push(nameOfImage(input, index));
    return decodeInTurn(input, { levels: given, tiles, maxPixels, signal });
  };
  for await (const image of readAhead(images, read, { limit: decoders, signal, lent: isRawLike })) {
    if (given === "auto") meter.add(image);
    const lent = { ...lend(image), mask: masks.of(image) };
    const [identity] = await Promise.all([imageIdentity(image), set.add(lent)]);
    identities.push(identity);
    sizes.push({ height: image.height, width: image.width });
    progress.call({ phase: "reading", images: set.length, total });
    await progress.settled(signal);
    throwIfAborted(signal);
  }
  if (set.length === 0) {
    throw new ReverseDistillationError("NO_IMAGES", "The list or iterable of training images is empty.");
  }
  const levels = given === "auto" ? meter.levels() : given;
  if (levels !== undefined) set.setLevels(levels.black, levels.white);
  const unseen = unseenBy(earlier, groups, identities);
  const chosen =
    calibrate === undefined
      ? []
      : chooseHeldOut(
          unseen.map((index) => groups[index]!),
          calibrate,
          seed,
        ).map((index) => unseen[index]!);
  // Not after an hour of training.
  if (calibrate !== undefined && chosen.length > 0) requireEnough(calibrate, chosen.length);
  const taken = set.takeOut(chosen);
  const isChosen = new Set(chosen);
  const kept = identities.filter((_, index) => !isChosen.has(index));
  return {
    imagesSha256: hashOfImages(kept),
    trained: kept.map(shortDigest),
    levels,
    heldOut: chosen.map((index, i) => ({
      name: names[index]!,
      image: asShrunk(asDecodedHere(taken[i]!), sizes[index]!),
    })),
  };
}

/**
 * The images that may be held out: those of groups of which an earlier model was trained on none. If its images are not
 * known, there are none.
 */
function unseenBy(
  earlier: EarlierModel | undefined,
  groups: readonly (string | number)[],
  identities: readonly Buffer[],
): number[] {
  const all = [...groups.keys()];
  if (earlier === undefined) return all;
  const { trained } = earlier;
  if (trained === undefined) return [];
  const known = new Set(trained);
  const seen = new Set(groups.filter((_, index) => known.has(shortDigest(identities[index]!))));
  return all.filter((index) => !seen.has(groups[index]!));
}

/** The group of an image: what the caller says, or else one of its own. */
function groupOf(input: ImageInput, index: number, holdOut: HoldOut | undefined): string | number {
  if (holdOut?.group === undefined) return index;
  let group: unknown;
  try {
    group = holdOut.group(input, index);
  } catch (error) {
    throw stoppedBy("calibrate.group", error);
  }
  if (typeof group === "string" || typeof group === "number") return group;
  throw invalid("What calibrate.group returns", "a string or a number", group);
}
