import { ReverseDistillationError } from "../../errors/error.js";
import { counted } from "../../errors/counted.js";
import { isMaskFolder, verdictOf } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import { labelledTest, unsplitNotes, withNotes, type DatasetFormat } from "./format.js";
import { separateMasks } from "./masks.js";
import { canonical, type Tree, type TreeImage } from "./tree.js";

/**
 * A folder for good parts and one or more for defective ones, together or in each of several folders:
 *
 *     good/<name>.png                             or OK, Normal, pass, in any case
 *     <defect>/<name>.png                         or bad, NG, anomaly, ...
 *     ground_truth/<defect>/<name>_mask.png       may be missing; masks may also lie beside the images
 *
 * There is no split.
 */
export const classFolders: DatasetFormat = {
  name: "class-folders",
  title: "a folder for each class",
  layout: "good/* (or OK, normal, pass) and <defect>/* (or bad, NG, anomaly)",
  fits: (tree) => labelDepth(tree) !== undefined,
  open: (tree, options) => {
    const usual = labelDepth(tree) ?? 0;
    const files = tree.images.map((image) => (inMasks(image) ? image : belowClass(image, usual)));
    const { images, masks } = separateMasks(files.filter(({ folders }) => folders.length > 0));
    const { test, unusedMasks } = labelledTest(images, masks.map(belowMasks), ({ path }) => missing(path));
    const train = test.filter(({ label }) => label === normalLabel).map(({ image }) => image);
    const others = test.length - train.length;
    return withNotes({ train, test, unusedMasks }, [
      ...unsplitNotes(train.length, options),
      ...(options.training && others > 0 ? [othersNote(test, others)] : []),
    ]);
  },
};

/** How many folders down the first folder is called good; undefined if none is, or if there is a part to train on. */
function labelDepth({ images }: Tree): number | undefined {
  const parts = images.some(({ folders }) =>
    folders.some((folder) => ["train", "test"].includes(canonical(folder))),
  );
  if (parts) return undefined;
  const depths = images
    .map(({ folders }) => folders.findIndex((folder) => verdictOf(folder) === "good"))
    .filter((depth) => depth >= 0);
  return depths.length === 0 ? undefined : Math.min(...depths);
}

function inMasks({ folders }: TreeImage): boolean {
  return folders.some(isMaskFolder);
}

/** An image by its place from the folder of its class on: the last one that says good or bad, or else the usual one. */
function belowClass(image: TreeImage, usual: number): TreeImage {
  const own = image.folders.findLastIndex((folder) => verdictOf(folder) !== undefined);
  return below(image, own < 0 ? usual : own);
}

function below(image: TreeImage, depth: number): TreeImage {
  return { ...image, folders: image.folders.slice(depth) };
}

/** A mask by its place below the folder of masks, or beside its image. */
function belowMasks(mask: TreeImage): TreeImage {
  return below(mask, mask.folders.findIndex(isMaskFolder) + 1);
}

function othersNote(test: readonly { image: string; label: string }[], others: number): string {
  const labels = [...new Set(test.map(({ label }) => label))].filter((label) => label !== normalLabel);
  return `Not trained on: ${counted(others, "image")} in ${labels.join(", ")}.`;
}

function missing(path: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${path} lies in no folder that says what it shows.`,
  );
}
