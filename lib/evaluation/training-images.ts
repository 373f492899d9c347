import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { invalid, path as checkPath } from "../errors/validate.js";
import { requireImages, scanFolder, withoutMasks, type FolderScan } from "../image/folder.js";
import { chooseGood, describeFolders, severalFolders } from "../image/good-images.js";
import { warnOfFolder, warnOfLeftOut } from "../image/left-out.js";
import { openImages, type ImageSource, type OpenedSource } from "../image/source.js";
import type { DatasetFormatName } from "../options/dataset-format.js";
import { severalNamed, unsaidError } from "./datasets/format.js";
import { isManifest, openManifest } from "./datasets/manifest.js";
import { openTree } from "./datasets/open.js";
import { scanTree } from "./datasets/tree.js";

/** How the images to train on are found in a folder. */
export interface TrainingFolderOptions {
  /** The folder of good parts, relative to the folder or to its `train`; "." for all images. */
  good?: string | undefined;
  /** The layout of the data set. */
  format?: DatasetFormatName | undefined;
}

/**
 * Opens a source of images to train on: a folder or manifest as {@link findTrainingImages} does, or a list or iterable
 * of images.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES`, `INVALID_ARGUMENT`, `INVALID_FILE`, `IO`
 */
export async function openTrainingSource(
  source: ImageSource,
  options: TrainingFolderOptions = {},
): Promise<OpenedSource> {
  if (reading("images", () => typeof source === "string" || source instanceof URL)) {
    const images = await findTrainingImages(checkPath("images", source), options);
    return { images, total: images.length, files: images };
  }
  for (const name of ["good", "format"] as const) {
    if (options[name] !== undefined)
      throw invalid(name, "left out unless images are a folder", options[name]);
  }
  return openImages(source as Exclude<ImageSource, string | URL>);
}

/**
 * Finds the images of good parts in a folder or a manifest, in order:
 *
 * - With the option `good`: all images in that subfolder.
 * - For a data set or a manifest: its training images.
 * - For any other folder: the images that `chooseGood` chooses. If there are several subfolders and their names do not
 *   say which are good, it fails rather than train on defects.
 *
 * Masks and thumbnails are ignored. Process warnings of the type `ReverseDistillationWarning` say what was left out.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES`, `INVALID_ARGUMENT`, `IO`
 */
export async function findTrainingImages(
  folder: string,
  { good, format }: TrainingFolderOptions = {},
): Promise<string[]> {
  if (good !== undefined) return imagesOf(await goodFolder(folder, good));
  const dataset = isManifest(folder)
    ? await openManifest(folder, { training: true })
    : await openTree(await scanTree(folder), format, { training: true });
  if (dataset !== undefined) {
    if (dataset.train.length === 0) {
      throw new ReverseDistillationError(
        "NO_IMAGES",
        `The data set ${folder} has no images of good parts to train on. ${dataset.notes?.join(" ") ?? ""}`.trim(),
      );
    }
    for (const note of dataset.notes ?? []) warnOfFolder(note);
    return dataset.train;
  }
  return chooseFrom(await scanFolder(folder));
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` if there are several folders and no name says which are good. */
function chooseFrom(found: FolderScan): string[] {
  const scan = withoutMasks(found);
  requireImages(scan);
  const { images, unsaid } = chooseGood(scan);
  if (severalNamed(unsaid)) throw unsaidError(scan.folder, unsaid);
  warnOfLeftOut(scan.folder, scan.leftOut);
  if (unsaid.length > 0) {
    warnOfFolder(
      `${scan.folder}: training on the images of several folders: ${describeFolders(unsaid)}. If only one of them holds ` +
        "good parts, name it with the option good (--good <folder>).",
    );
  }
  return images;
}

async function imagesOf(folder: string): Promise<string[]> {
  const scan = withoutMasks(await scanFolder(folder));
  requireImages(scan);
  warnOfLeftOut(folder, scan.leftOut);
  return scan.images;
}

async function goodFolder(folder: string, good: string): Promise<string> {
  for (const candidate of [join(folder, good), join(folder, "train", good)]) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isDirectory()) return candidate;
  }
  const { images } = await scanFolder(folder);
  const folders = severalFolders(folder, images);
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `The option good names a folder that does not exist: ${good} in ${folder}. ` +
      (folders.length > 0 ? `It contains ${describeFolders(folders)}.` : "It has no subfolders with images."),
  );
}
