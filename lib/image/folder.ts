import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { identities } from "../files/outputs.js";

/** Extensions of the files that count as images, in lower case; case does not matter. */
export const imageExtensions = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".avif"] as const;

/** Whether a path's extension is one of {@link imageExtensions}, in any case. The file is not looked at. */
export function hasImageExtension(path: string): boolean {
  return (imageExtensions as readonly string[]).includes(extname(path).toLowerCase());
}

/** What a scan of a folder leaves out on purpose. */
export interface ScanOptions {
  /** A folder below the one that is scanned that outputs go to: what lies in it is not an image to read. */
  except?: string | undefined;
}

/**
 * Every image in a folder and the folders below it, as paths that begin with `folder`, ordered by
 * the UTF-16 code units of the path below it (with "/" between names), so that the order is the
 * same on every machine and in every locale.
 *
 * What counts is the extension, in any case ({@link imageExtensions}). Symbolic links are followed;
 * each folder is read once, however many links lead to it, so loops end. Names that begin with a
 * dot are passed over. A link to an image that is missing is listed, and fails where it is read.
 *
 * @throws ReverseDistillationError `NOT_FOUND` if the folder does not exist, `INVALID_ARGUMENT` if
 * it is not a folder, `NO_IMAGES` if there is no image in it, `IO` if it cannot be read.
 */
export async function listImages(folder: string, options: ScanOptions = {}): Promise<string[]> {
  const { images, otherExtensions } = await walk(folder, options);
  if (images.length === 0) {
    const others =
      otherExtensions.size > 0 ? ` Other files lie there: ${[...otherExtensions].sort().join(", ")}.` : "";
    throw new ReverseDistillationError(
      "NO_IMAGES",
      `No image in the folder ${folder} or below it; an image's name ends in ${imageExtensions.join(", ")}.${others}`,
    );
  }
  return images;
}

/**
 * As {@link listImages}, but a folder that is missing, or has no image in it, is an empty list.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if it is not a folder, `IO` if it cannot be read.
 */
export async function listImagesIfAny(folder: string): Promise<string[]> {
  try {
    return (await walk(folder, {})).images;
  } catch (error) {
    if (error instanceof ReverseDistillationError && error.code === "NOT_FOUND") return [];
    throw error;
  }
}

async function walk(
  root: string,
  { except }: ScanOptions,
): Promise<{ images: string[]; otherExtensions: Set<string> }> {
  await requireFolder(root);
  const images: string[] = [];
  const otherExtensions = new Set<string>();
  const seen = new Set<string>();
  const excepted = except === undefined ? [] : await identities(except);
  const folders = [root];
  // Links wait until every real folder is read, so that a folder is known by its own name if it has one here.
  const links: string[] = [];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift() ?? links.shift()) {
    const real = await reading(folder, realpath(folder));
    if (seen.has(real)) continue;
    seen.add(real);
    if (folder !== root && excepted.length > 0) {
      if ((await identities(folder)).some((key) => excepted.includes(key))) continue;
    }
    const entries = await reading(folder, readdir(folder, { withFileTypes: true }));
    entries.sort((a, b) => byCodeUnits(a.name, b.name));
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink() && (await leadsToFolder(path))) links.push(path);
      else if (hasImageExtension(entry.name)) images.push(path);
      else otherExtensions.add(extname(entry.name) || entry.name);
    }
  }
  const below = new Map(images.map((image) => [image, relative(root, image).split(sep).join("/")]));
  images.sort((a, b) => byCodeUnits(below.get(a)!, below.get(b)!));
  return { images, otherExtensions };
}

async function requireFolder(folder: string): Promise<void> {
  const found = await reading(folder, stat(folder));
  if (!found.isDirectory()) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${folder} is a file where a folder of images is expected.`,
    );
  }
}

/** A link that leads nowhere, or to itself, leads to no folder. */
async function leadsToFolder(link: string): Promise<boolean> {
  try {
    return (await stat(link)).isDirectory();
  } catch {
    return false;
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
