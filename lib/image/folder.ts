import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join, relative, sep } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { identities } from "../files/outputs.js";
import { nameOf, systemPath } from "../files/system-path.js";
import { kindOfFile } from "./file-kind.js";
import { readNames } from "./formats.js";
import { LeftOut, warnOfLeftOut } from "./left-out.js";
import { imageOfMask, isAmbiguousMaskName, isMaskFolder, isSystemFolder, isThumbnail } from "./names.js";

/** How a folder is scanned. */
export interface ScanOptions {
  /** A folder below the one that is scanned that outputs go to: what lies in it is not an image to read. */
  except?: string | undefined;
  /** Whether a link from one folder directly below to another is followed, so that its images are listed twice. */
  apart?: boolean;
}

/** What lies in a folder and the folders below it. */
export interface FolderScan {
  folder: string;
  /** Paths that begin with `folder`, in order. */
  images: string[];
  leftOut: LeftOut;
}

/**
 * Every image of a part in a folder and the folders below it, as paths that begin with `folder`, ordered by the UTF-16
 * code units of the path below it (with "/" between names), so that the order is the same on every machine and in
 * every locale.
 *
 * An image is known by its extension, in any case, or by its first bytes if its extension is another or missing.
 * Symbolic links are followed; each folder is read once, however many links lead to it, so loops end. A link to an
 * image that is missing is listed, and fails where it is read. Left out are hidden files and folders, masks (by the
 * names of files and folders), thumbnails, heatmaps of this package's, folders of systems such as `@eaDir`, and files of
 * other kinds. A process
 * warning says how many.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `INVALID_ARGUMENT` if it is not a folder,
 * `NO_IMAGES` if there is no image in it, `IO` if it cannot be read.
 */
export async function listImages(folder: string, options: ScanOptions = {}): Promise<string[]> {
  const scan = withoutMasks(await scanFolder(folder, options));
  requireImages(scan);
  warnOfLeftOut(folder, scan.leftOut);
  return scan.images;
}

/** @throws ReverseDistillationError `NO_IMAGES` if a scan found none, saying what it left out. */
export function requireImages({ folder, images, leftOut }: FolderScan): void {
  if (images.length > 0) return;
  const others = leftOut.count > 0 ? ` Left out: ${leftOut.list()}.` : "";
  throw new ReverseDistillationError(
    "NO_IMAGES",
    `No image in the folder ${folder} or below it; the formats that are read are ${readNames}.${others}`,
  );
}

/**
 * Scans a folder as {@link listImages} does, masks included.
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
  // Links wait until every real folder is read, so that a folder is known by its own name if it has one here.
  const links: string[] = [];
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
    const found = await readEntries(folder);
    const stems = new Set(found.map(({ name }) => stemOf(name).toLowerCase()));
    for (const { name, path, kind, linked } of found) {
      const place = relative(root, path);
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
  const places = new Map(images.map((image) => [image, relative(root, image).split(sep).join("/")]));
  images.sort((a, b) => byCodeUnits(places.get(a)!, places.get(b)!));
  return { folder: root, images, leftOut };
}

/**
 * A scan without masks: images in folders named for masks, and images whose names end as those of masks do. Of an end
 * that can be part of an image's own name, such as `_label`, there must be an image without it.
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

/** A file's name without its extension. */
export function stemOf(path: string): string {
  return basename(path, extname(path));
}

/** What a folder holds, in order. A link is what it leads to; one that leads nowhere counts as a file. */
async function readEntries(
  folder: string,
): Promise<{ name: string; path: string; kind: "file" | "folder" | "device"; linked: boolean }[]> {
  const options = { withFileTypes: true, encoding: "buffer" } as const;
  const entries = await reading(folder, readdir(systemPath(folder), options));
  const found = entries.map(async (entry) => {
    const name = nameOf(entry.name);
    const path = join(folder, name);
    const linked = entry.isSymbolicLink();
    const target = linked ? await stat(systemPath(path)).catch(() => undefined) : entry;
    const isFile = target === undefined || target.isFile();
    const kind = isFile ? "file" : target.isDirectory() ? "folder" : "device";
    return { name, path, kind, linked } as const;
  });
  return (await Promise.all(found)).sort((a, b) => byCodeUnits(a.name, b.name));
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
