import { relative, sep } from "node:path";
import { Turn } from "../../errors/long-work.js";
import { placeBelow, stemOf } from "../../image/folder.js";
import { formatOfExtension } from "../../image/formats.js";
import { imageOfMask } from "../../image/names.js";
import type { DatasetFormatName } from "../../options/dataset-format.js";
import type { Dataset } from "./dataset.js";
import { withNotes, type OpenOptions } from "./format.js";
import { locate, otherLayout } from "./formats.js";
import type { Tree } from "./tree.js";

/**
 * Opens the data set in a tree, with a note on the files it leaves out.
 *
 * @param wanted The format; undefined for the one that fits.
 * @returns undefined if no format was asked for and none fits.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the tree is not in that format, and whatever the format throws.
 */
export async function openTree(
  tree: Tree,
  wanted: DatasetFormatName | undefined,
  options: OpenOptions,
): Promise<Dataset | undefined> {
  const located = await locate(tree, wanted);
  if (located === undefined) {
    if (wanted === undefined) return undefined;
    throw otherLayout(tree, wanted);
  }
  const turn = new Turn();
  await turn.endIfLong();
  const { passedOver = [], ...dataset } = await located.format.open(located.tree, options);
  await turn.endIfLong();
  countUnused(tree, dataset, passedOver);
  await turn.endIfLong();
  // Files at the top of a data set describe it: its licence, its readme.
  const depth = relative(tree.root, located.tree.root).split(sep).filter(Boolean).length;
  const leftOut = tree.leftOut.filter(
    ({ other, path, kind }) =>
      !other || path.split(sep).length > depth + 1 || formatOfExtension(kind) !== undefined,
  );
  return withNotes(dataset, leftOut.count > 0 ? [`${tree.root}: left out ${leftOut.describe()}.`] : []);
}

/** Counts the images of the tree that are not part of the data set. */
function countUnused(tree: Tree, dataset: Dataset, passedOver: readonly string[]): void {
  const { train, validation = [], test, unusedMasks } = dataset;
  const items = [...validation, ...test];
  const known = new Set([
    ...train,
    ...unusedMasks,
    ...passedOver,
    ...items.flatMap(({ image, mask = [] }) => [image, mask].flat()),
  ]);
  const placeOf = placeBelow(tree.root);
  for (const { path } of tree.images) {
    if (known.has(path)) continue;
    const below = placeOf(path);
    if (imageOfMask(stemOf(path)) !== undefined) tree.leftOut.addFile("mask", "masks", below);
    else tree.leftOut.addFile("image outside of the layout", "images outside of the layout", below);
  }
}
