import { basename, join, sep } from "node:path";
import { counted } from "../../errors/counted.js";
import { Turn } from "../../errors/long-work.js";
import { placeBelow, scanFolder, stemOf } from "../../image/folder.js";
import type { LeftOut } from "../../image/left-out.js";
import { remembered } from "../../image/remembered.js";

/** An image of a tree, which may be a mask. */
export interface TreeImage {
  path: string;
  /** The folders between the tree's root and the image. */
  folders: readonly string[];
  /** The name without its extension. */
  stem: string;
}

/** The images in a folder and below it, masks included: where formats of data sets are recognised. */
export interface Tree {
  root: string;
  images: readonly TreeImage[];
  leftOut: LeftOut;
}

/** Scans a folder. @throws ReverseDistillationError as `scanFolder` */
export async function scanTree(root: string): Promise<Tree> {
  const { images, leftOut } = await scanFolder(root, { apart: true });
  const turn = new Turn();
  const found: TreeImage[] = [];
  const placeOf = placeBelow(root);
  for (const path of images) {
    await turn.endIfLong();
    found.push({ path, folders: placeOf(path).split(sep).slice(0, -1), stem: stemOf(path) });
  }
  return { root, images: found, leftOut };
}

/** The tree below one of a tree's folders. */
export function subtree(tree: Tree, folder: string): Tree {
  const root = join(tree.root, folder);
  const images = tree.images.filter(({ folders }) => folders[0] === folder);
  const below = images.map((image) => ({ ...image, folders: image.folders.slice(1) }));
  return { root, images: below, leftOut: tree.leftOut };
}

/**
 * The images below a folder of this name, in any case, directly below the root; their folders begin below it. "train" is
 * "training" as well, and "test" is "testing".
 */
export function imagesBelow({ images }: Pick<Tree, "images">, ...names: string[]): TreeImage[] {
  return [...names.reduce((found, name) => folderContents(found).get(canonical(name)) ?? none, images)];
}

const none: readonly TreeImage[] = [];

/** What {@link folderContents} has found before: formats ask for one folder after the other. */
const known = new WeakMap<readonly TreeImage[], ReadonlyMap<string, readonly TreeImage[]>>();

/** The images below each folder directly below the root, by its canonical name. */
function folderContents(images: readonly TreeImage[]): ReadonlyMap<string, readonly TreeImage[]> {
  const before = known.get(images);
  if (before !== undefined) return before;
  const canonicalOf = remembered(canonical);
  const contents = new Map<string, TreeImage[]>();
  for (const { path, folders, stem } of images) {
    const [first, ...rest] = folders;
    if (first === undefined) continue;
    const name = canonicalOf(first);
    const image = { path, folders: rest, stem };
    const others = contents.get(name);
    if (others === undefined) contents.set(name, [image]);
    else others.push(image);
  }
  known.set(images, contents);
  return contents;
}

/** A folder's name without what does not matter. */
export function canonical(folder: string): string {
  return folder.toLowerCase().replace(/^(train|test)ing$/, "$1");
}

/** The folders directly below the root that hold images, in order. */
export function topFolders({ images }: Pick<Tree, "images">): string[] {
  return [...new Set(images.flatMap(({ folders }) => folders.slice(0, 1)))];
}

/** What lies in a tree, for messages: "train (209 images), test (83 images) and 2 images in the folder itself". */
export function describeTree(tree: Tree): string {
  const shown = topFolders(tree).map(
    (folder) => `${folder} (${counted(imagesBelow(tree, folder).length, "image")})`,
  );
  const loose = tree.images.filter(({ folders }) => folders.length === 0).length;
  if (loose > 0) shown.push(`${counted(loose, "image")} in ${basename(tree.root)} itself`);
  if (shown.length > 12) shown.splice(12, shown.length, `${shown.length - 12} more`);
  const others = tree.leftOut.count > 0 ? `${shown.length > 0 ? "; also " : ""}${tree.leftOut.list()}` : "";
  return shown.join(", ") + others || "nothing";
}
