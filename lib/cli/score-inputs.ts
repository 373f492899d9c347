import { stat } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "../files/io-error.js";
import { listImages } from "../image/folder.js";

/** An image to be scored. */
export interface ScoreInput {
  path: string;
  /** Path of its heatmap below the folder of heatmaps, of no other image's. */
  heatmap: string;
  /** Why there is no image to score: the path does not exist, or is a folder without images. */
  failure?: ReverseDistillationError;
}

/**
 * The images that arguments stand for: a file is itself, a folder all images below it. The heatmaps
 * keep the places that the images have in their folder; with more than one folder each has its own.
 *
 * A path that stands for no image is an input with a failure, so that the others can be scored.
 *
 * @param except A folder that is left out of the folders, because heatmaps are written to it.
 * @throws ReverseDistillationError what the first path fails with, if no path stands for an image.
 */
export async function findScoreInputs(paths: readonly string[], except?: string): Promise<ScoreInput[]> {
  const inputs: ScoreInput[] = [];
  const taken = new Set<string>();
  const add = (path: string, name: string) => inputs.push({ path, heatmap: freeName(name, taken) });
  for (const path of paths) {
    try {
      if (await isFolder(path)) {
        const under = paths.length > 1 ? basename(resolve(path)) : "";
        for (const image of await listImages(path, { except }))
          add(image, join(under, relative(path, image)));
      } else add(path, basename(path));
    } catch (error) {
      if (!(error instanceof ReverseDistillationError)) throw error;
      inputs.push({ path, heatmap: "", failure: error });
    }
  }
  if (inputs.every(({ failure }) => failure !== undefined) && inputs.length > 0) throw inputs[0]!.failure!;
  return inputs;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw ioError(error, "Looking for images", path);
  }
}

/** What a file's name may be long, in bytes. */
const longestName = 255;

/**
 * The image's name with the extension of a heatmap, and a number if an image before it has that name, also where the
 * file system ignores case or composes letters.
 */
function freeName(name: string, taken: Set<string>): string {
  const stem = name.slice(0, name.length - extname(name).length);
  let free = heatmapName(stem, ".png");
  for (let number = 2; taken.has(folded(free)); number++) free = heatmapName(stem, `-${number}.png`);
  taken.add(folded(free));
  return free;
}

function heatmapName(stem: string, end: string): string {
  let cut = stem;
  while (Buffer.byteLength(basename(cut) + end) > longestName) cut = cut.slice(0, -1);
  return cut + end;
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
