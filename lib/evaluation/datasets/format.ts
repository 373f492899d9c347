import { join, relative } from "node:path";
import { counted } from "../../errors/counted.js";
import { ReverseDistillationError } from "../../errors/error.js";
import { chooseGood, describeFolders, type FolderCount } from "../../image/good-images.js";
import { LeftOut } from "../../image/left-out.js";
import type { DatasetFormatName } from "../../options/dataset-format.js";
import { labelOf, normalLabel, type Dataset, type TestImage } from "./dataset.js";
import { assignMasks } from "./masks.js";
import { canonical, type Tree, type TreeImage } from "./tree.js";

/** How data sets of one kind lie on disk. */
export interface DatasetFormat {
  /** The value of the option `format`. */
  readonly name: DatasetFormatName;
  readonly title: string;
  /** Its folders and files in one line, for messages. */
  readonly layout: string;
  /** Whether a tree looks like this format and like none that is more general. */
  fits(tree: Tree): boolean;
  /** @throws ReverseDistillationError `INVALID_ARGUMENT` if the images are not where the format has them. */
  open(tree: Tree, options: OpenOptions): OpenedDataset | Promise<OpenedDataset>;
}

/** A data set, and images that it leaves out on purpose and has a note about. */
export interface OpenedDataset extends Dataset {
  passedOver?: string[];
}

/** How a format opens a data set. */
export interface OpenOptions {
  /**
   * Whether its images are to be trained on: then they must not lie in several folders whose names do not say that they
   * are good, and notes are about these images alone.
   */
  training: boolean;
}

/**
 * The images of a training folder that are good, as `chooseGood` has it.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if it is for a training, and the names of several folders do not say.
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
      `The images to train on lie in several folders, all of which are taken for good: ${describeFolders(chosen.unsaid)}.`,
    );
  }
  const train = new Set(chosen.images);
  return {
    train: chosen.images,
    passedOver: images.map(({ path }) => path).filter((path) => !train.has(path)),
    notes,
  };
}

/** The training part of a data set alone, for a training: what is not below its folder `train` is passed over. */
export function onlyTraining(
  { images }: Tree,
  { train, passedOver, notes }: ReturnType<typeof trainingImages>,
): OpenedDataset {
  const others = images.filter(({ folders }) => canonical(folders[0] ?? "") !== "train");
  const dataset = { train, test: [], unusedMasks: [] };
  return withNotes({ ...dataset, passedOver: [...passedOver, ...others.map(({ path }) => path)] }, notes);
}

/** Whether images lie in more than one subfolder; one beside the folder's own images is taken with these. */
export function severalNamed(folders: readonly FolderCount[]): boolean {
  return folders.filter(({ folder }) => folder !== ".").length > 1;
}

/** Which folder holds the good parts has to be said. */
export function unsaidError(folder: string, folders: readonly FolderCount[]): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The images in ${folder} lie in several folders, whose names do not say which hold good parts: ` +
      `${describeFolders(folders)}. Name the folder of good parts with the option good (--good <folder>), or "." for ` +
      "all of them.",
  );
}

/** Folders that hold images without saying anything about them, as in `test/images`. */
const containers = ["images", "image", "imgs", "img", "pictures", "data", "rgb"];

/**
 * Test images that lie in a folder for each label, with their masks. Masks in the folder of a label belong to its
 * images; masks in no such folder belong to defective ones.
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
  const labels = new Map(
    images.map((image) => {
      if (image.folders[0] === undefined) throw missingLabel(image);
      return [image, labelOf(image.folders[0])];
    }),
  );
  const defective = images.filter((image) => labels.get(image) !== normalLabel);
  const good = images.filter((image) => labels.get(image) === normalLabel);
  const first = assignMasks(defective, masks);
  const rest = masks.filter(({ path, folders }) => first.unused.includes(path) && folders.length > 0);
  const second = assignMasks(good, rest);
  const found = new Map([...first.images, ...second.images].map((each) => [each.image, each.masks]));
  const used = new Set([...found.values()].flat());
  return {
    test: images.map((image) => testImage(image.path, labels.get(image)!, found.get(image))),
    unusedMasks: masks.filter(({ path }) => !used.has(path)).map(({ path }) => path),
  };
}

/** A test image; without masks, or with one or several. */
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

/** That good images serve both to train and to test; nothing for a training. */
export function unsplitNotes(good: number, { training }: OpenOptions): string[] {
  if (good === 0 || training) return [];
  return [
    `The data set has no split: its ${counted(good, "good image")} ${good === 1 ? "counts" : "count"} both to train and to ` +
      "test. A detector scores images that it was trained on lower than new ones.",
  ];
}

/** The folder that all these images lie in, as deep as the tree's first folders have it in common. */
function commonFolder(tree: Tree, images: readonly TreeImage[]): string {
  const [first] = images;
  if (first === undefined) return tree.root;
  const own = relative(tree.root, first.path).split(/[\\/]/);
  return join(tree.root, ...own.slice(0, own.length - 1 - first.folders.length));
}
