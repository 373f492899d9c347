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
  const wanted = names.map(canonical);
  const canonicalOf = remembered(canonical);
  return images
    .filter(({ folders }) =>
      wanted.every((name, depth) => folders[depth] !== undefined && canonicalOf(folders[depth]) === name),
    )
    .map((image) => ({ ...image, folders: image.folders.slice(names.length) }));
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
