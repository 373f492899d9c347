import { stat } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { ioError } from "../files/io-error.js";
import { listImages } from "../image/folder.js";

/** An image to be scored. */
export interface ScoreInput {
  path: string;
  /** Path of its heatmap below the folder of heatmaps, of no other image's. */
  heatmap: string;
}

/**
 * The images that arguments stand for: a file is itself, a folder all images below it. The heatmaps
 * keep the places that the images have in their folder; with more than one folder each has its own.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES` or `IO`
 */
export async function findScoreInputs(paths: readonly string[]): Promise<ScoreInput[]> {
  const inputs: ScoreInput[] = [];
  const taken = new Set<string>();
  const add = (path: string, name: string) => inputs.push({ path, heatmap: freeName(name, taken) });
  for (const path of paths) {
    if (!(await isFolder(path))) {
      add(path, basename(path));
      continue;
    }
    const under = paths.length > 1 ? basename(resolve(path)) : "";
    for (const image of await listImages(path)) add(image, join(under, relative(path, image)));
  }
  return inputs;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw ioError(error, "Looking for images", path);
  }
}

/** The image's name with the extension of a heatmap, and a number if an image before it has that name. */
function freeName(name: string, taken: Set<string>): string {
  const stem = name.slice(0, name.length - extname(name).length);
  let free = `${stem}.png`;
  for (let number = 2; taken.has(free); number++) free = `${stem}-${number}.png`;
  taken.add(free);
  return free;
}
