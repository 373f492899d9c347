import { stat } from "node:fs/promises";
import { extname, join, relative, resolve, sep } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { integer, invalid, path as checkPath, record } from "../errors/validate.js";
import { listImages, listImagesIfAny } from "../image/folder.js";
import { Random } from "../random.js";

/** The label of a part without a defect. */
export const normalLabel = "good";

/** An image to test on. */
export interface TestImage {
  /** Path of the image. */
  image: string;
  /** {@link normalLabel}, or the kind of defect. */
  label: string;
  /** Path of the mask of the defect, in which non-zero is anomalous; undefined where there is none. */
  mask?: string;
}

/** A data set for one-class anomaly detection: images of normal parts to train on, and images of both to test on. */
export interface Dataset {
  /** Paths of images of normal parts. */
  train: string[];
  test: TestImage[];
  /** Files in `ground_truth` that belong to no test image, so that a mask with a mistaken name is not lost unseen. */
  unusedMasks: string[];
}

/** How {@link splitNormal} divides a folder. */
export interface SplitOptions {
  /** Share of the images that is set aside to test on, between 0 and 1. Default 0.2. */
  testFraction?: number;
  /** Decides which: a whole number from 0. Default 0. */
  seed?: number;
}

const layout = `Expected is the layout of MVTec AD: train/good/*.png, test/good/*.png, test/<defect>/*.png and, \
for the defects' masks, ground_truth/<defect>/<name>_mask.png.`;

/**
 * Reads the layout of MVTec AD:
 *
 *     train/good/<name>.png                       or train/<name>.png
 *     test/good/<name>.png
 *     test/<defect>/<name>.png
 *     ground_truth/<defect>/<name>_mask.png       or <name>.png; may be missing, for some or for all
 *
 * Either of `train` and `test` may be missing. Images are found as `listImages` finds them:
 * extensions of any case, folders within folders (below `test/<defect>` and `ground_truth/<defect>`
 * alike), symbolic links. Sizes may differ from image to image and between image and mask.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `NO_IMAGES` if it has
 * no image in this layout, `INVALID_ARGUMENT` if images lie in `test` itself, where nothing says
 * what they show, `IO`.
 */
export async function openDataset(folder: string | URL): Promise<Dataset> {
  const root = checkPath("folder", folder);
  await requireFolder(root);
  const good = await listImagesIfAny(join(root, "train", normalLabel));
  const train = good.length > 0 ? good : await listImagesIfAny(join(root, "train"));
  const masks = await findMasks(join(root, "ground_truth"));
  const test = await findTestImages(join(root, "test"), masks);
  if (train.length === 0 && test.length === 0) {
    throw new ReverseDistillationError("NO_IMAGES", `No images of a data set in ${root}. ${layout}`);
  }
  const used = new Set(test.map((item) => item.mask));
  const unusedMasks = [...masks.values()].filter((mask) => !used.has(mask));
  return { train, test, unusedMasks };
}

/**
 * A data set from lists, for files in no particular layout.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the entry that is not as it should be,
 * `NO_IMAGES` if both lists are empty. Whether files exist shows when they are read.
 */
export function datasetFromLists(lists: {
  train?: readonly (string | URL)[];
  test?: readonly { image: string | URL; label: string; mask?: string | URL }[];
}): Dataset {
  const { train = [], test = [] } = record("lists", lists, ["train", "test"]);
  if (!Array.isArray(train)) throw invalid("train", "a list of paths", train);
  if (!Array.isArray(test)) throw invalid("test", "a list of { image, label, mask? }", test);
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
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES`, `IO`; `INVALID_ARGUMENT` for an option,
 * or if there are fewer than two images.
 */
export async function splitNormal(folder: string | URL, options: SplitOptions = {}): Promise<Dataset> {
  record("options", options, ["testFraction", "seed"]);
  const { testFraction = 0.2 } = options;
  if (!(testFraction > 0 && testFraction < 1))
    throw invalid("testFraction", "a number between 0 and 1", testFraction);
  const seed = integer("seed", options.seed ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const root = checkPath("folder", folder);
  const images = await listImages(root);
  if (images.length < 2) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${root} holds one image, and a split takes two or more.`,
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

async function requireFolder(root: string): Promise<void> {
  const found = await stat(root).catch((error: unknown) => {
    throw new ReverseDistillationError("NOT_FOUND", `There is no folder ${resolve(root)}. ${layout}`, {
      cause: error,
    });
  });
  if (!found.isDirectory()) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${root} is a file, not the folder of a data set. ${layout}`,
    );
  }
}

async function findTestImages(folder: string, masks: ReadonlyMap<string, string>): Promise<TestImage[]> {
  const images = await listImagesIfAny(folder);
  return images.map((image) => {
    const name = nameBelow(folder, image);
    const slash = name.indexOf("/");
    if (slash < 0) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${image} lies in the folder test itself, where nothing says what it shows. ${layout}`,
      );
    }
    const label = name.slice(0, slash);
    const mask = label === normalLabel ? undefined : (masks.get(`${name}_mask`) ?? masks.get(name));
    return mask === undefined ? { image, label } : { image, label, mask };
  });
}

/** Masks by their path below the folder, without extension. */
async function findMasks(folder: string): Promise<Map<string, string>> {
  const masks = await listImagesIfAny(folder);
  return new Map(masks.map((mask) => [nameBelow(folder, mask), mask]));
}

/** Path below the folder with "/" between names, without the extension. */
function nameBelow(folder: string, file: string): string {
  const below = relative(folder, file).split(sep).join("/");
  return below.slice(0, below.length - extname(below).length);
}

function checkedTestImage(name: string, value: unknown): TestImage {
  const { image, label, mask } = record(name, value, ["image", "label", "mask"]);
  if (typeof label !== "string" || label === "") {
    throw invalid(`${name}.label`, `"${normalLabel}" or the kind of defect`, label);
  }
  const checked = { image: checkPath(`${name}.image`, image), label };
  if (mask === undefined) return checked;
  if (label === normalLabel)
    throw invalid(`${name}.mask`, `left out where the label is "${normalLabel}"`, mask);
  return { ...checked, mask: checkPath(`${name}.mask`, mask) };
}
