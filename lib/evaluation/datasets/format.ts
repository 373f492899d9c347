import { join, relative } from "node:path";
import { counted } from "../../errors/counted.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { chooseGood, describeFolders, type FolderCount } from "../../image/good-images.js";
import { LeftOut } from "../../image/left-out.js";
import { remembered } from "../../image/remembered.js";
import type { DatasetFormatName } from "../../options/dataset-format.js";
import { labelOf, normalLabel, type Dataset, type TestImage } from "./dataset.js";
import { assignMasks } from "./masks.js";
import { canonical, type Tree, type TreeImage } from "./tree.js";

/** How one kind of data set is laid out on disk. */
export interface DatasetFormat {
  /** The value of the option `format`. */
  readonly name: DatasetFormatName;
  readonly title: string;
  /** Its folders and files on one line, for messages. */
  readonly layout: string;
  /** Whether a tree looks like this format. */
  fits(tree: Tree): boolean;
  /** @throws ReverseDistillationError `INVALID_ARGUMENT` if images are not where the format expects them. */
  open(tree: Tree, options: OpenOptions): OpenedDataset | Promise<OpenedDataset>;
}

/** A data set, and the images that the format deliberately leaves out, with a note or without. */
export interface OpenedDataset extends Dataset {
  passedOver?: string[];
}

/** How a format opens a data set. */
export interface OpenOptions {
  /**
   * Whether the data set is opened for a training. Then its training images must not be spread over several folders
   * without a name that says they are good, and notes only concern these images.
   */
  training: boolean;
}

/**
 * Chooses the good images of a training folder, as `chooseGood` does.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for a training, if there are several folders and no name says which
 * are good.
 */
export function trainingImages(
  tree: Tree,
  images: readonly TreeImage[],
  { training }: OpenOptions,
): { train: string[]; passedOver: string[]; notes: string[] } {
  const folder = commonFolder(tree, images);
  const leftOut = new LeftOut();
  const chosen = chooseGood({ folder, images: images.map(({ path }) => path), leftOut });
  const notes: string[] = [];
  if (leftOut.count > 0) notes.push(`Not trained on: ${leftOut.list()}.`);
  if (chosen.unsaid.length > 0) {
    if (training && severalNamed(chosen.unsaid)) throw unsaidError(folder, chosen.unsaid);
    notes.push(
      `The training images are in several folders, all taken as good: ${describeFolders(chosen.unsaid)}.`,
    );
  }
  const train = new Set(chosen.images);
  return {
    train: chosen.images,
    passedOver: images.map(({ path }) => path).filter((path) => !train.has(path)),
    notes,
  };
}

/** Only the training part of a data set: images outside of its folder `train` are ignored. */
export function onlyTraining(
  { images }: Tree,
  { train, passedOver, notes }: ReturnType<typeof trainingImages>,
): OpenedDataset {
  const others = images.filter(({ folders }) => canonical(folders[0] ?? "") !== "train");
  const dataset = { train, test: [], unusedMasks: [] };
  return withNotes({ ...dataset, passedOver: [...passedOver, ...others.map(({ path }) => path)] }, notes);
}

/** Whether images are in more than one subfolder. A single subfolder next to images of the folder itself does not count. */
export function severalNamed(folders: readonly FolderCount[]): boolean {
  return folders.filter(({ folder }) => folder !== ".").length > 1;
}

/** Asks which folder holds the good parts. */
export function unsaidError(folder: string, folders: readonly FolderCount[]): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The images in ${folder} are in several folders, whose names do not say which hold good parts: ` +
      `${describeFolders(folders)}. Name the folder of good parts with the option good (--good <folder>), or use "." ` +
      "for all of them.",
  );
}

/** Folder names that say nothing about the images, as in `test/images`. */
const containers = ["images", "image", "imgs", "img", "pictures", "data", "rgb"];

/**
 * Labels test images by their folders and finds their masks. Masks in a label's folder belong to that label's images;
 * other masks belong to defective images.
 */
export function labelledTest(
  files: readonly TreeImage[],
  masks: readonly TreeImage[],
  missingLabel: (image: TreeImage) => ReverseDistillationError,
): { test: TestImage[]; unusedMasks: string[] } {
  const images = files.map((file) => {
    const [first, ...rest] = file.folders;
    return containers.includes(first?.toLowerCase() ?? "") ? { ...file, folders: rest } : file;
  });
  const labelIn = remembered(labelOf);
  const labels = new Map(
    images.map((image) => {
      if (image.folders[0] === undefined) throw missingLabel(image);
      return [image, labelIn(image.folders[0])];
    }),
  );
  const defective = images.filter((image) => labels.get(image) !== normalLabel);
  const good = images.filter((image) => labels.get(image) === normalLabel);
  const first = assignMasks(defective, masks);
  const unused = new Set(first.unused);
  const rest = masks.filter(({ path, folders }) => unused.has(path) && folders.length > 0);
  const second = assignMasks(good, rest);
  const found = new Map([...first.images, ...second.images].map((each) => [each.image, each.masks]));
  const used = new Set([...found.values()].flat());
  return {
    test: images.map((image) => testImage(image.path, labels.get(image)!, found.get(image))),
    unusedMasks: masks.filter(({ path }) => !used.has(path)).map(({ path }) => path),
  };
}

/** A test image with its masks, if it has any. */
export function testImage(
  image: string,
  label: string,
  masks: readonly string[] = [],
  group?: string,
): TestImage {
  return {
    image,
    label,
    ...(masks.length === 1 && { mask: masks[0]! }),
    ...(masks.length > 1 && { mask: [...masks] }),
    ...(group !== undefined && { group }),
  };
}

/** A data set with its notes, if there are any. */
export function withNotes<T extends Dataset>(dataset: T, notes: readonly string[]): T {
  return notes.length === 0 ? dataset : { ...dataset, notes: [...(dataset.notes ?? []), ...notes] };
}

/** Says that good images are used both to train and to test. A training does not need to know. */
export function unsplitNotes(good: number, { training }: OpenOptions): string[] {
  if (good === 0 || training) return [];
  return [
    `The data set has no split: its ${counted(good, "good image")} ${good === 1 ? "is" : "are"} used both to train and to ` +
      "test. A detector scores its training images lower than new ones.",
  ];
}

/** The folder that the images' folders are relative to. */
function commonFolder(tree: Tree, images: readonly TreeImage[]): string {
  const [first] = images;
  if (first === undefined) return tree.root;
  const own = relative(tree.root, first.path).split(/[\\/]/);
  return join(tree.root, ...own.slice(0, own.length - 1 - first.folders.length));
}
