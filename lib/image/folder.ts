import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join, relative, sep } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { Turn } from "../errors/long-work.js";
import { path as checkPath, record } from "../errors/validate.js";
import { identities } from "../files/outputs.js";
import { nameOf, systemPath } from "../files/system-path.js";
import { kindOfFile } from "./file-kind.js";
import { readNames } from "./formats.js";
import { LeftOut, warnOfLeftOut } from "./left-out.js";
import { imageOfMask, isAmbiguousMaskName, isMaskFolder, isSystemFolder, isThumbnail } from "./names.js";

/** How the images in a folder are listed. */
export interface ListImagesOptions {
  /** A folder for outputs. If it is below the listed folder, it is not searched. */
  except?: string | undefined;
}

/** How a folder is scanned. */
export interface ScanOptions extends ListImagesOptions {
  /** Whether a link from one top-level folder to another is followed, which lists the same images twice. */
  apart?: boolean;
}

/** The images in a folder and its subfolders, and what was left out. */
export interface FolderScan {
  folder: string;
  /** Paths that begin with `folder`, sorted. */
  images: string[];
  leftOut: LeftOut;
}

/**
 * Lists the images of parts in a folder and its subfolders, as paths that begin with `folder`. They are sorted by the
 * UTF-16 code units of the path below the folder (with "/" between names), so the order is the same on every machine and
 * in every locale.
 *
 * Images are recognised by their extension, in upper or lower case, or by their first bytes if the extension is unknown
 * or missing. Symbolic links are followed; each folder is read once, however many links lead to it. A broken link with
 * the extension of an image is listed, and fails when it is read. Hidden files and folders, masks and thumbnails (by
 * their names), heatmaps of this package, system folders such as `@eaDir`, and files of other kinds are left out; a
 * process warning says how many.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `INVALID_ARGUMENT` if it is not a folder or
 * an argument is invalid, `NO_IMAGES` if there is no image in it, `IO` if it cannot be read.
 */
export async function listImages(folder: string, options: ListImagesOptions = {}): Promise<string[]> {
  const root = checkPath("folder", folder);
  const { except } = record("options", options, ["except"]);
  const kept = except === undefined ? {} : { except: checkPath("except", except) };
  const scan = withoutMasks(await scanFolder(root, kept));
  requireImages(scan);
  warnOfLeftOut(root, scan.leftOut);
  return scan.images;
}

/** @throws ReverseDistillationError `NO_IMAGES` if a scan found no images, with what it left out. */
export function requireImages({ folder, images, leftOut }: FolderScan): void {
  if (images.length > 0) return;
  const others = leftOut.count > 0 ? ` Left out: ${leftOut.list()}.` : "";
  throw new ReverseDistillationError(
    "NO_IMAGES",
    `No image in the folder ${folder} or its subfolders; supported formats are ${readNames}.${others}`,
  );
}

/**
 * Scans a folder as {@link listImages} does, but keeps masks.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `INVALID_ARGUMENT` or `IO`
 */
export async function scanFolder(
  root: string,
  { except, apart = false }: ScanOptions = {},
): Promise<FolderScan> {
  await requireFolder(root);
  const images: string[] = [];
  const leftOut = new LeftOut();
  const seen = new Set<string>();
  const excepted = except === undefined ? [] : await identities(except);
  const folders = [root];
  // Links come after all real folders, so that a folder gets its own name if it is here.
  const links: string[] = [];
  const turn = new Turn();
  const placeOf = placeBelow(root);
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift() ?? links.shift()) {
    const real = nameOf(await reading(folder, realpath(systemPath(folder), { encoding: "buffer" })));
    const below = relative(root, folder);
    const top = apart ? below.split(sep)[0]! : "";
    if (seen.has(`\0${real}`) || seen.has(`${top}\0${real}`)) continue;
    seen.add(`${top}\0${real}`);
    if (folder !== root) {
      if (excepted.length > 0 && (await identities(folder)).some((key) => excepted.includes(key))) {
        leftOut.addFolder("folder of outputs", "folders of outputs", below);
        continue;
      }
      if (isSystemFolder(basename(folder))) {
        leftOut.addFolder("system folder", "system folders", below);
        continue;
      }
    }
    const found = await readEntries(folder, turn);
    const stems = new Set(found.map(({ name }) => stemOf(name).toLowerCase()));
    for (const { name, path, kind, linked } of found) {
      await turn.endIfLong();
      const place = placeOf(path);
      if (name.startsWith(".")) {
        if (kind === "folder") leftOut.addFolder("hidden folder", "hidden folders", place);
        else leftOut.addFile("hidden file", "hidden files", place);
      } else if (kind === "folder") (linked ? links : folders).push(path);
      else if (kind === "device") leftOut.addFile("device or pipe", "devices or pipes", place);
      else {
        const file = await kindOfFile(path);
        if (file === "other") leftOut.addOther(extname(name).toLowerCase(), place);
        else if (file === "heatmap") leftOut.addFile("heatmap", "heatmaps", place);
        else if (isThumbnail(stemOf(name), stems)) leftOut.addFile("thumbnail", "thumbnails", place);
        else images.push(path);
      }
    }
  }
  await turn.endIfLong();
  const places = new Map(images.map((image) => [image, placeOf(image).split(sep).join("/")]));
  images.sort((a, b) => byCodeUnits(places.get(a)!, places.get(b)!));
  return { folder: root, images, leftOut };
}

/**
 * Removes masks from a scan: images in folders of masks, and images with the suffix of a mask. If the suffix can be part
 * of an image's own name, such as `_label`, an image without it must exist.
 */
export function withoutMasks({ folder, images, leftOut }: FolderScan): FolderScan {
  const parts: string[] = [];
  const masks: string[] = [];
  const stems = new Set(images.map((image) => stemOf(image).toLowerCase()));
  for (const image of images) {
    const folders = relative(folder, image).split(sep).slice(0, -1);
    const target = imageOfMask(stemOf(image));
    const named =
      target !== undefined && (!isAmbiguousMaskName(stemOf(image)) || stems.has(target.toLowerCase()));
    (named || folders.some(isMaskFolder) ? masks : parts).push(image);
  }
  for (const mask of masks) leftOut.addFile("mask", "masks", relative(folder, mask));
  return { folder, images: parts, leftOut };
}

/** A function that turns paths that begin with a folder, as those of a scan do, into paths below it. */
export function placeBelow(folder: string): (path: string) => string {
  const start = join(folder, "x").length - 1;
  return (path) => path.slice(start);
}

/** A file's name without its extension. */
export function stemOf(path: string): string {
  return basename(path, extname(path));
}

interface Entry {
  name: string;
  path: string;
  kind: "file" | "folder" | "device";
  linked: boolean;
}

/** The entries of a folder, sorted. A link has the kind of its target; a broken one counts as a file. */
async function readEntries(folder: string, turn: Turn): Promise<Entry[]> {
  const options = { withFileTypes: true, encoding: "buffer" } as const;
  const entries = await reading(folder, readdir(systemPath(folder), options));
  const found: Entry[] = [];
  for (const entry of entries) {
    await turn.endIfLong();
    const name = nameOf(entry.name);
    const path = join(folder, name);
    const linked = entry.isSymbolicLink();
    const target = linked ? await stat(systemPath(path)).catch(() => undefined) : entry;
    const isFile = target === undefined || target.isFile();
    const kind = isFile ? "file" : target.isDirectory() ? "folder" : "device";
    found.push({ name, path, kind, linked });
  }
  return found.sort((a, b) => byCodeUnits(a.name, b.name));
}

async function requireFolder(folder: string): Promise<void> {
  const found = await reading(folder, stat(systemPath(folder)));
  if (!found.isDirectory()) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${folder} is a file where a folder of images is expected.`,
    );
  }
}

async function reading<T>(folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ReverseDistillationError("NOT_FOUND", `There is no folder ${folder}.`, { cause: error });
    }
    throw new ReverseDistillationError("IO", `The folder ${folder} cannot be read: ${message}.`, {
      cause: error,
    });
  }
}

/** Compares by UTF-16 code units: independent of the locale. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
