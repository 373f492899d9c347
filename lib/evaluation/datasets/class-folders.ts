import { ReverseDistillationError } from "../../errors/error.js";
import { describeFolders } from "../../image/good-images.js";
import { verdictOf } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import { labelledTest, unsplitNotes, withNotes, type DatasetFormat } from "./format.js";
import { separateMasks } from "./masks.js";
import { maskFiles } from "./mvtec-ad.js";
import { imagesBelow, topFolders, type Tree } from "./tree.js";

/**
 * A folder for good parts and one or more for defective ones:
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
  fits: (tree) => goodFolders(tree).length > 0,
  open: (tree, options) => {
    const masks = maskFiles(tree);
    const known = new Set(masks.map(({ path }) => path));
    const separated = separateMasks(tree.images.filter(({ path }) => !known.has(path)));
    const labelled = separated.images.filter(({ folders }) => folders.length > 0);
    const { test, unusedMasks } = labelledTest(labelled, [...masks, ...separated.masks], ({ path }) =>
      missing(path),
    );
    const train = test.filter(({ label }) => label === normalLabel).map(({ image }) => image);
    return withNotes({ train, test, unusedMasks }, [
      ...unsplitNotes(train.length, options),
      ...(options.training ? othersNote(tree) : []),
    ]);
  },
};

function goodFolders(tree: Tree): string[] {
  return topFolders(tree).filter(
    (folder) => verdictOf(folder) === "good" && imagesBelow(tree, folder).length > 0,
  );
}

/** The folders that are not trained on. */
function othersNote(tree: Tree): string[] {
  const others = topFolders(tree)
    .filter((folder) => verdictOf(folder) !== "good")
    .map((folder) => ({ folder, images: imagesBelow(tree, folder).length }));
  return others.length === 0 ? [] : [`Not trained on: ${describeFolders(others)}.`];
}

function missing(path: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${path} lies in no folder that says what it shows.`,
  );
}
