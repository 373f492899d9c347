import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { integer, invalid, path as checkPath, record } from "../errors/validate.js";
import { formatOptions } from "../options/dataset-format.js";
import { resolveOptions, type GivenOptions } from "../options/option.js";
import { Random } from "../random.js";
import { labelOf, normalLabel, type Dataset, type TestImage } from "./datasets/dataset.js";
import { unknownLayout } from "./datasets/formats.js";
import { isManifest, manifestExtensions, openManifest } from "./datasets/manifest.js";
import { mvtecAd } from "./datasets/mvtec-ad.js";
import { openTree } from "./datasets/open.js";
import { scanTree } from "./datasets/tree.js";
import { findTrainingImages } from "./training-images.js";

export { filesOf, normalLabel } from "./datasets/dataset.js";
export type { Dataset, TestImage } from "./datasets/dataset.js";

/** How {@link openDataset} opens a data set. */
export interface OpenDatasetOptions extends GivenOptions<typeof formatOptions> {}

/** How {@link splitNormal} divides a folder. */
export interface SplitOptions {
  /** Share of the images that is set aside to test on, between 0 and 1. Default 0.2. */
  testFraction?: number;
  /** Decides which: a whole number from 0. Default 0. */
  seed?: number;
}

/**
 * Opens a data set: a folder in one of these layouts, recognised by the names of folders and files, or a manifest.
 *
 * - `mvtec-ad`: `train/good/*`, `test/good/*`, `test/<defect>/*`, `ground_truth/<defect>/<name>_mask.png`. Either of
 *   `train` and `test` may be missing, as may masks.
 * - `mvtec-loco`, `mvtec-ad-2`, `mvtec-3d` (colour images), `btad`, `mpdd`, `visa`, `kolektor-sdd`, `kolektor-sdd2`,
 *   `dagm`: as these data sets are published, one category at a time.
 * - `class-folders`: `good/*` and `<defect>/*`, without a split.
 * - `masked`: images with masks beside them or in a folder `masks`; those whose mask marks anything are defective.
 * - `manifest`: a file of CSV or JSON lines with `image`, `label`, `mask`, `split`, `group`, or one of Amazon Lookout
 *   for Vision.
 *
 * Names of folders count in any case, and "OK", "normal" and "pass" mean good as well. Images are known by their
 * extensions or by their first bytes; sizes may differ from image to image and between image and mask. If a data set has
 * no split, its good images count both to train and to test, and a note says so.
 *
 * @param path The folder or the manifest.
 * @throws ReverseDistillationError `NOT_FOUND` if it does not exist, `NO_IMAGES` with what was found and what is
 * expected if the layout is none of these, `INVALID_ARGUMENT` if images lie where nothing says what they show, if the
 * folder holds several data sets, or if it is not in the layout that was asked for; `INVALID_FILE` for a manifest,
 * naming the line; `INVALID_IMAGE` for masks that decide on labels; `IO`.
 */
export async function openDataset(path: string | URL, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { format } = resolveOptions(formatOptions, options);
  const root = checkPath("folder", path);
  if (await isFile(root)) {
    if (format === "manifest" || (format === undefined && isManifest(root)))
      return openManifest(root, { training: false });
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${root} is a file, not the folder of a data set; a manifest ends in ${manifestExtensions.join(", ")}.`,
    );
  }
  if (format === "manifest") {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${root} is a folder; give the file of the manifest.`,
    );
  }
  const tree = await scanTree(root);
  const dataset = await openTree(tree, format, { training: false });
  if (dataset === undefined) throw unknownLayout(tree);
  if (dataset.train.length + dataset.test.length === 0) throw unknownLayout(tree);
  return dataset;
}

/**
 * A data set from lists, for files in no particular layout.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the entry that is not as it should be,
 * `NO_IMAGES` if both lists are empty. Whether files exist shows when they are read.
 */
export function datasetFromLists(lists: {
  train?: readonly (string | URL)[];
  test?: readonly {
    image: string | URL;
    label: string;
    mask?: string | URL | readonly (string | URL)[];
    group?: string;
  }[];
}): Dataset {
  return reading("lists", () => fromLists(record("lists", lists, ["train", "test"])));
}

function fromLists({ train = [], test = [] }: Record<string, unknown>): Dataset {
  if (!Array.isArray(train)) throw invalid("train", "a list of paths", train);
  if (!Array.isArray(test)) throw invalid("test", "a list of { image, label, mask?, group? }", test);
  if (train.length + test.length === 0) {
    throw new ReverseDistillationError(
      "NO_IMAGES",
      "The lists train and test of the data set are both empty.",
    );
  }
  return {
    train: train.map((image: unknown, index) => checkPath(`train[${index}]`, image)),
    test: test.map((item: unknown, index) => checkedTestImage(`test[${index}]`, item)),
    unusedMasks: [],
  };
}

/**
 * A data set from a folder of normal images alone: some are set aside to test on, all labelled
 * {@link normalLabel}. It shows how high normal parts score (false alarms), not whether defects are found.
 *
 * @param folder As for `train`: of a folder that says what is good, only that counts.
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES`, `IO`; `INVALID_ARGUMENT` for an option, if there are fewer
 * than two images, or if the folder does not say which images are good.
 */
export async function splitNormal(folder: string | URL, options: SplitOptions = {}): Promise<Dataset> {
  record("options", options, ["testFraction", "seed"]);
  const { testFraction = 0.2, seed: given = 0 } = reading("options", () => ({ ...options }));
  if (typeof testFraction !== "number" || !(testFraction > 0 && testFraction < 1))
    throw invalid("testFraction", "a number between 0 and 1", testFraction);
  const seed = integer("seed", given, 0, Number.MAX_SAFE_INTEGER);
  const root = checkPath("folder", folder);
  const images = await findTrainingImages(root);
  if (images.length < 2) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${root} contains one image, but a split needs at least two.`,
    );
  }
  const tested = Math.min(Math.max(Math.round(images.length * testFraction), 1), images.length - 1);
  const shuffled = new Random("split", seed).shuffled(images);
  // Both parts keep the order of the folder: what is random is only which image is in which.
  const test = new Set(shuffled.slice(0, tested));
  return {
    train: images.filter((image) => !test.has(image)),
    test: images.filter((image) => test.has(image)).map((image) => ({ image, label: normalLabel })),
    unusedMasks: [],
  };
}

/** @throws ReverseDistillationError `NOT_FOUND` if there is nothing at the path. */
async function isFile(root: string): Promise<boolean> {
  const found = await stat(root).catch((error: unknown) => {
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `There is no folder ${resolve(root)}. A data set lies in a folder, for example ${mvtecAd.layout}.`,
      { cause: error },
    );
  });
  return !found.isDirectory();
}

function checkedTestImage(name: string, value: unknown): TestImage {
  const { image, label, mask, group } = record(name, value, ["image", "label", "mask", "group"]);
  if (typeof label !== "string" || label === "") {
    throw invalid(`${name}.label`, `"${normalLabel}" or the kind of defect`, label);
  }
  if (group !== undefined && typeof group !== "string") throw invalid(`${name}.group`, "a string", group);
  const checked = {
    image: checkPath(`${name}.image`, image),
    label: labelOf(label),
    ...(group !== undefined && { group }),
  };
  if (mask === undefined) return checked;
  if (checked.label === normalLabel)
    throw invalid(`${name}.mask`, `left out where the label is "${normalLabel}"`, mask);
  if (!Array.isArray(mask)) return { ...checked, mask: checkPath(`${name}.mask`, mask) };
  if (mask.length === 0) throw invalid(`${name}.mask`, "a path or a list of paths", mask);
  return {
    ...checked,
    mask: mask.map((each: unknown, index) => checkPath(`${name}.mask[${index}]`, each)),
  };
}
