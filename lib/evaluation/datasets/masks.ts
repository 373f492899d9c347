import { imageOfMask, isMaskFolder } from "../../image/names.js";
import type { TreeImage } from "./tree.js";

/** Images with the masks that belong to them by name. */
export interface MaskedImages {
  images: { image: TreeImage; masks: string[] }[];
  /** Masks that belong to no image. */
  unused: string[];
}

/**
 * Matches masks to images by name.
 *
 * A mask has the name of its image, with or without a suffix such as `_mask` or `_GT`; or it lies in a folder with that
 * name, next to other masks of the same image (`000/000.png`). Below a folder of masks, its folders are the last
 * folders of the image (`ground_truth/scratch/000_mask.png` for `test/scratch/000.png`). A mask outside of a folder of
 * masks belongs to an image in the same folder. A mask that fits several images belongs to none.
 *
 * If masks with different kinds of names fit an image, the first kind counts: `_mask`, a folder, no suffix, another
 * suffix.
 */
export function assignMasks(images: readonly TreeImage[], masks: readonly TreeImage[]): MaskedImages {
  const byStem = new Map<string, TreeImage[]>();
  for (const image of images) push(byStem, image.stem.toLowerCase(), image);
  const found = new Map<TreeImage, { rank: number; masks: string[] }>();
  for (const mask of masks) {
    const match = matchOf(mask, byStem);
    if (match === undefined) continue;
    const known = found.get(match.image);
    if (known === undefined || match.rank < known.rank) {
      found.set(match.image, { rank: match.rank, masks: [mask.path] });
    } else if (match.rank === known.rank && match.rank === rank.folder) known.masks.push(mask.path);
  }
  const used = new Set([...found.values()].flatMap((each) => each.masks));
  return {
    images: images.map((image) => ({ image, masks: found.get(image)?.masks ?? [] })),
    unused: masks.filter(({ path }) => !used.has(path)).map(({ path }) => path),
  };
}

/** Separates masks, which have the suffix of one next to their image or lie in a folder of masks, from images. */
export function separateMasks(images: readonly TreeImage[]): { images: TreeImage[]; masks: TreeImage[] } {
  const names = new Set(images.map(nameIn));
  const isMask = (image: TreeImage): boolean => {
    if (image.folders.some(isMaskFolder)) return true;
    const target = imageOfMask(image.stem);
    if (target === undefined) return false;
    return [image.folders, image.folders.slice(0, -1)].some((folders) =>
      names.has(nameIn({ folders, stem: target })),
    );
  };
  return { images: images.filter((image) => !isMask(image)), masks: images.filter(isMask) };
}

const rank = { mask: 0, folder: 1, same: 2, other: 3 } as const;

function matchOf(
  mask: TreeImage,
  byStem: ReadonlyMap<string, readonly TreeImage[]>,
): { image: TreeImage; rank: number } | undefined {
  const folders = foldersOfMask(mask);
  const end = imageOfMask(mask.stem);
  const names: [stem: string, folders: readonly string[], rank: number][] = [[mask.stem, folders, rank.same]];
  if (end !== undefined) {
    names.push([end, folders, /[-_. ]masks?$/i.test(mask.stem) ? rank.mask : rank.other]);
    // A folder of masks next to the images, as in `Label/000_label.png`.
    names.push([end, folders.slice(0, -1), rank.other]);
  }
  if (folders.length > 0) names.push([folders.at(-1)!, folders.slice(0, -1), rank.folder]);
  for (const [stem, below, found] of names.sort((a, b) => a[2] - b[2])) {
    const fitting = (byStem.get(stem.toLowerCase()) ?? []).filter((image) => endsWith(image.folders, below));
    const beside = fitting.filter((image) => image.folders.length === below.length);
    const [image] = beside.length === 1 ? beside : fitting;
    if (image !== undefined && (fitting.length === 1 || beside.length === 1)) return { image, rank: found };
  }
  return undefined;
}

/** A mask's folders below the folder of masks, or all of its folders if it is not in one. */
function foldersOfMask({ folders }: TreeImage): readonly string[] {
  return folders.slice(folders.findIndex(isMaskFolder) + 1);
}

function endsWith(folders: readonly string[], end: readonly string[]): boolean {
  const offset = folders.length - end.length;
  return (
    offset >= 0 && end.every((name, index) => folders[offset + index]!.toLowerCase() === name.toLowerCase())
  );
}

function nameIn({ folders, stem }: Pick<TreeImage, "folders" | "stem">): string {
  return [...folders, stem].join("/").toLowerCase();
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
