import { Turn } from "../../errors/long-work.js";
import { ReverseDistillationError } from "../../errors/error.js";
import type { DatasetFormatName } from "../../options/dataset-format.js";
import { btad } from "./btad.js";
import { classFolders } from "./class-folders.js";
import { dagm } from "./dagm.js";
import type { DatasetFormat } from "./format.js";
import { kolektorSdd2 } from "./kolektor-sdd-2.js";
import { kolektorSdd } from "./kolektor-sdd.js";
import { masked } from "./masked.js";
import { mpdd } from "./mpdd.js";
import { mvtec3d } from "./mvtec-3d.js";
import { mvtecAd2 } from "./mvtec-ad-2.js";
import { mvtecAd } from "./mvtec-ad.js";
import { mvtecLoco } from "./mvtec-loco.js";
import { describeTree, subtree, topFolders, type Tree } from "./tree.js";
import { visa } from "./visa.js";

/** Formats with folders or names of their own. Of those that fit, the first is taken. */
const particular: readonly DatasetFormat[] = [
  visa,
  mvtecAd2,
  mvtec3d,
  mvtecLoco,
  dagm,
  kolektorSdd2,
  btad,
  mvtecAd,
  mpdd,
  kolektorSdd,
];

/** Formats that fit many folders, at any depth: whatever holds a data set in one of the others among them. */
const general: readonly DatasetFormat[] = [classFolders, masked];

/** Every format of folders. */
export const folderFormats: readonly DatasetFormat[] = [...particular, ...general];

/** A format and the folder that is laid out in it. */
export interface Located {
  format: DatasetFormat;
  tree: Tree;
}

/**
 * Finds the format of a tree, or of the one folder in it that holds all its images: archives often hold a folder of the
 * data set's name.
 *
 * @param wanted The only format to look for.
 * @returns undefined if no format fits.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if several folders are data sets of their own.
 */
export async function locate(tree: Tree, wanted?: DatasetFormatName): Promise<Located | undefined> {
  if (wanted !== undefined)
    return locateAny(
      tree,
      folderFormats.filter(({ name }) => name === wanted),
    );
  const located = await locateAny(tree, particular);
  if (located !== undefined) return located;
  const format = await firstThatFits(tree, general);
  return format && { format, tree };
}

/** The first of the formats that a tree is laid out in. Many images take a while with each. */
async function firstThatFits(
  tree: Tree,
  candidates: readonly DatasetFormat[],
): Promise<DatasetFormat | undefined> {
  const turn = new Turn();
  for (const format of candidates) {
    await turn.endIfLong();
    if (format.fits(tree)) return format;
  }
  return undefined;
}

async function locateAny(tree: Tree, candidates: readonly DatasetFormat[]): Promise<Located | undefined> {
  const format = await firstThatFits(tree, candidates);
  if (format !== undefined) return { format, tree };
  if (tree.images.some(({ folders }) => folders.length === 0)) return undefined;
  const found: (Located | undefined)[] = [];
  for (const folder of topFolders(tree)) found.push(await locateAny(subtree(tree, folder), candidates));
  const located = found.filter((each) => each !== undefined);
  if (found.length === 1) return found[0];
  if (located.length < 2) return undefined;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${tree.root} holds ${located.length} data sets: ${located.map((each) => each.tree.root).join(", ")}. Open one of them.`,
  );
}

/** What is wrong with a folder in which no format was recognised. */
export function unknownLayout(tree: Tree): ReverseDistillationError {
  const known = folderFormats.map(({ name, title, layout }) => `  ${name} (${title}): ${layout}`).join("\n");
  return new ReverseDistillationError(
    "NO_IMAGES",
    `${tree.root} is not a data set in any known layout. Found: ${describeTree(tree)}. Known layouts:\n` +
      `${known}\n  manifest: a file of CSV or JSON lines with image, label, mask, split and group`,
  );
}

/** What is wrong with a folder that is not laid out in the format that was asked for. */
export function otherLayout(tree: Tree, wanted: DatasetFormatName): ReverseDistillationError {
  const format = folderFormats.find(({ name }) => name === wanted);
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${tree.root} is not laid out as ${format?.title ?? wanted}: expected ${format?.layout ?? "a file"}; found ` +
      `${describeTree(tree)}.`,
  );
}
