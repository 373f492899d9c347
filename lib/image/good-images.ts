import { relative, sep } from "node:path";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { byCodeUnits, placeBelow, stemOf, type FolderScan } from "./folder.js";
import type { LeftOut } from "./left-out.js";
import { verdictOf, type Verdict } from "./names.js";
import { remembered } from "./remembered.js";

/** The images of good parts, judging by names, and what the names leave open. */
export interface GoodImages {
  images: string[];
  /** The folders, if there are several and no name says that all of them are good. */
  unsaid: FolderCount[];
}

/** A folder below the scanned one ("." for that one itself) and the number of images in it. */
export interface FolderCount {
  folder: string;
  images: number;
}

/**
 * Chooses the images of good parts from a scan. If some of the images are in folders called `train`, only these are
 * considered. Then:
 *
 * 1. If folder names say which images are good ("good", "OK", "normal", "pass"), only those are chosen.
 * 2. Otherwise, if file names say so ("good_001.png", "001_OK.png"), only those are chosen.
 * 3. Otherwise, if names say which images are defective ("bad", "NG", "anomaly"), all others are chosen.
 * 4. Otherwise all images are chosen, and `unsaid` lists their folders if there are several.
 *
 * The innermost folder whose name says something decides. Images that are not chosen are added to the scan's `leftOut`.
 *
 * @throws ReverseDistillationError `NO_IMAGES` if every image is called defective.
 */
export function chooseGood({ folder, images: found, leftOut }: FolderScan): GoodImages {
  const images = trainingPart(folder, found, leftOut);
  if (images.length === 0) return { images, unsaid: [] };
  const foldersOf = foldersBelow(folder);
  const verdictOfFolder = remembered(verdictOf);
  const saidByFolders = (folders: readonly string[]) =>
    folders.map(verdictOfFolder).findLast((verdict): verdict is Verdict => verdict !== undefined);
  const said = images.map((image) => saidByFolders(foldersOf(image)));
  if (!said.includes("good")) {
    const byFile = images.map((image, index) => said[index] ?? verdictOf(stemOf(image)));
    const decide = byFile.includes("bad") || byFile.includes("good");
    if (decide) said.splice(0, said.length, ...byFile);
  }
  const wanted = said.includes("good") ? "good" : undefined;
  const chosen = images.filter((_, index) => said[index] === wanted);
  if (chosen.length === 0) {
    throw new ReverseDistillationError(
      "NO_IMAGES",
      `The names of folders or files call every image in ${folder} defective (${counted(images.length, "image")}, such as ` +
        `${relative(folder, images[0]!)}). Name the folder of good parts with the option good (--good <folder>), or use ` +
        '"." for all of them.',
    );
  }
  for (const [index, image] of images.entries()) {
    if (said[index] === wanted) continue;
    const below = relative(folder, image);
    if (said[index] === "bad") leftOut.addFile("image called defective", "images called defective", below);
    else leftOut.addFile("image not called good", "images not called good", below);
  }
  return { images: chosen, unsaid: wanted === "good" ? [] : severalFolders(folder, chosen) };
}

/** The images below folders called "train" or "training"; all images if there are none. */
function trainingPart(folder: string, images: readonly string[], leftOut: LeftOut): string[] {
  const foldersOf = foldersBelow(folder);
  const inTrain = images.filter((image) => foldersOf(image).some((name) => /^train(ing)?$/i.test(name)));
  if (inTrain.length === 0) return [...images];
  const kept = new Set(inTrain);
  for (const image of images)
    if (!kept.has(image))
      leftOut.addFile("image outside of train", "images outside of train", relative(folder, image));
  return inTrain;
}

/** Counts the images per folder at the first level where there are several folders. Subfolders are included. */
export function severalFolders(root: string, images: readonly string[]): FolderCount[] {
  const paths = images.map(foldersBelow(root));
  let depth = 0;
  while (paths.every((path) => path.length > depth && path[depth] === paths[0]![depth])) depth++;
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = path.slice(0, depth + 1).join("/") || ".";
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  if (counts.size < 2) return [];
  return [...counts]
    .map(([folder, count]) => ({ folder, images: count }))
    .sort((a, b) => byCodeUnits(a.folder, b.folder));
}

/** "a (12 images), b (3 images)" */
export function describeFolders(folders: readonly FolderCount[]): string {
  const shown = folders.slice(0, 12).map(({ folder, images }) => `${folder} (${counted(images, "image")})`);
  const more = folders.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function foldersBelow(root: string): (image: string) => string[] {
  const placeOf = placeBelow(root);
  return (image) => placeOf(image).split(sep).slice(0, -1);
}
