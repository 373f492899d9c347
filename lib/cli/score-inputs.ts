import { stat } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { ioError } from "../files/io-error.js";
import { listImages } from "../image/folder.js";

/** An image to score. */
export interface ScoreInput {
  path: string;
  /** The path of its heatmap below the folder of heatmaps. No two images share one. */
  heatmap: string;
  /** Why there is no image: the path does not exist, or is a folder without images. */
  failure?: ReverseDistillationError;
}

/**
 * Finds the images that the arguments name: a file, or all images in a folder and its subfolders. Heatmaps have the same
 * relative paths as their images; with more than one argument, each folder gets a subfolder.
 *
 * A path without an image becomes an input with a failure, so that the others can be scored.
 *
 * @param except A folder that is not searched, because heatmaps are written to it.
 * @throws ReverseDistillationError the failure of the first path, if no path has an image.
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

/** The longest file name, in bytes. */
const longestName = 255;

/**
 * The image's name with the extension of a heatmap, and a number if the name is taken. Names that only differ in case or
 * in the composition of letters count as the same, because some file systems do not tell them apart.
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
