import { relative, sep } from "node:path";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { byCodeUnits, stemOf, type FolderScan } from "./folder.js";
import type { LeftOut } from "./left-out.js";
import { verdictOf, type Verdict } from "./names.js";

/** The images of good parts, as far as names tell, and what they leave open. */
export interface GoodImages {
  images: string[];
  /** Several folders that are taken together although no name says that all of them are good. */
  unsaid: FolderCount[];
}

/** A folder below the one that is scanned, "." for itself, and how many images lie in it. */
export interface FolderCount {
  folder: string;
  images: number;
}

/**
 * Chooses the images of good parts from a scan:
 *
 * Of images in folders called `train` and others, only the first are looked at. Then:
 *
 * 1. If the names of folders say which are good ("good", "OK", "normal", "pass"), the images in these, and no others.
 * 2. Otherwise, if the names of folders or files say which are not ("bad", "NG", "anomaly"), the others.
 * 3. Otherwise, if the names of files say which are good ("good_001.png", "001_OK.png"), these, and no others.
 * 4. Otherwise all images; if they lie in several folders, `unsaid` tells.
 *
 * The innermost folder whose name says something decides. What is not chosen is added to the scan's `leftOut`.
 *
 * @throws ReverseDistillationError `NO_IMAGES` if every image is called defective.
 */
export function chooseGood({ folder, images: found, leftOut }: FolderScan): GoodImages {
  const images = trainingPart(folder, found, leftOut);
  if (images.length === 0) return { images, unsaid: [] };
  const said = images.map((image) => saidByFolders(foldersOf(folder, image)));
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
      `${folder} holds ${counted(images.length, "image")}, and the names of all folders or files call them defective, such as ` +
        `${relative(folder, images[0]!)}. Name the folder of good parts with the option good (--good <folder>), or "." for all of them.`,
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

/** The images below folders called "train" or "training", if there are any. */
function trainingPart(folder: string, images: readonly string[], leftOut: LeftOut): string[] {
  const inTrain = images.filter((image) =>
    foldersOf(folder, image).some((name) => /^train(ing)?$/i.test(name)),
  );
  if (inTrain.length === 0) return [...images];
  const kept = new Set(inTrain);
  for (const image of images)
    if (!kept.has(image))
      leftOut.addFile("image outside of train", "images outside of train", relative(folder, image));
  return inTrain;
}

/** How many images lie in each folder, those of subfolders included, where the images first part ways. */
export function severalFolders(root: string, images: readonly string[]): FolderCount[] {
  const paths = images.map((image) => foldersOf(root, image));
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

function saidByFolders(folders: readonly string[]): Verdict | undefined {
  return folders.map(verdictOf).findLast((verdict) => verdict !== undefined);
}

function foldersOf(root: string, image: string): string[] {
  return relative(root, image).split(sep).slice(0, -1);
}
