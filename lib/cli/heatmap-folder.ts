import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { writeAtomically } from "../files/atomic-file.js";
import { ioError } from "../files/io-error.js";
import { identities, requireSeparate, type NamedFile } from "../files/outputs.js";
import { openRegularFile } from "../files/regular-file.js";
import { systemPath } from "../files/system-path.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import { decodeImage } from "../image/decode.js";
import { quantiseMap, renderHeatmap, type QuantisedMap } from "../image/heatmap.js";
import type { Outlines } from "../options/heatmap.js";
import type { RawImage } from "../image/raw-image.js";
import type { LevelRange } from "../options/levels.js";
import { isMarked, mark, markedLength } from "../image/heatmap-mark.js";
import type { ScoreInput } from "./score-inputs.js";

/** What a heatmap shows on its image. */
interface Drawn {
  map: QuantisedMap;
  outlines: Outlines;
}

/**
 * Writes heatmaps on a common scale. If the end of the scale is given, each heatmap is written at once. Otherwise the end
 * is the largest value of all maps: maps are kept, with 8 bits per value, until `finish`, which reads the images again.
 */
export class HeatmapFolder {
  readonly #folder: string;
  readonly #scaleEnd: number | undefined;
  readonly #maxPixels: number | undefined;
  /** The levels of the model, which images with more than 8 bits are shown with. */
  levels: LevelRange | undefined;
  /** Values that the legends mark. */
  marks: readonly number[] = [];
  readonly #kept: { input: ScoreInput; drawn: Drawn }[] = [];

  /** @param maxPixels What an image that is decoded again may have. */
  constructor(folder: string, scaleEnd: number | undefined, maxPixels?: number) {
    this.#folder = folder;
    this.#scaleEnd = scaleEnd;
    this.#maxPixels = maxPixels;
  }

  /** The path of an image's heatmap. */
  pathOf(input: ScoreInput): string {
    return join(this.#folder, input.heatmap);
  }

  /**
   * Checks, before anything is scored, that heatmaps only replace heatmaps, and that they are not written among the images.
   *
   * @param inputs The images to score.
   * @param others Other files that the command reads, such as the model.
   * @throws ReverseDistillationError `INVALID_ARGUMENT` naming both paths; `IO`.
   */
  async requireOwnPlace(inputs: readonly ScoreInput[], others: readonly NamedFile[]): Promise<void> {
    const found = await stat(systemPath(this.#folder)).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${this.#folder} is a file; give a folder for the heatmaps.`,
      );
    }
    const images = inputs.filter(({ failure }) => failure === undefined);
    const outputs = images.map((input) => ({ name: "a heatmap", path: this.pathOf(input) }));
    await requireSeparate(outputs, [...images.map(({ path }) => ({ name: "the image", path })), ...others]);
    const imageFolders = new Map<string, string>();
    for (const folder of new Set(images.map(({ path }) => dirname(path))))
      for (const key of await identities(folder)) imageFolders.set(key, folder);
    for (const folder of new Set(outputs.map(({ path }) => dirname(path)))) {
      const shared = (await identities(folder)).map((key) => imageFolders.get(key)).find((found) => found);
      if (shared !== undefined) throw amongImages(folder, shared);
    }
    for (const { path } of outputs) await requireReplaceable(path);
  }

  /** @param outlines Of regions, in pixels of the image. */
  async add(input: ScoreInput, image: RawImage, map: AnomalyMap, outlines: Outlines = []): Promise<void> {
    const drawn = { map: quantiseMap(map), outlines };
    if (this.#scaleEnd === undefined) this.#kept.push({ input, drawn });
    else await this.#write(input, image, drawn, this.#scaleEnd);
  }

  async finish(signal: AbortSignal): Promise<void> {
    // Maps of zeros alone have no scale; any end shows them as they are.
    const scaleEnd = this.#kept.reduce((largest, { drawn }) => Math.max(largest, drawn.map.peak), 0) || 1;
    for (const { input, drawn } of this.#kept) {
      throwIfAborted(signal);
      const options = { levels: this.levels, maxPixels: this.#maxPixels, signal };
      await this.#write(input, await decodeImage(input.path, options), drawn, scaleEnd);
    }
  }

  async #write(
    input: ScoreInput,
    image: RawImage,
    { map, outlines }: Drawn,
    scaleEnd: number,
  ): Promise<void> {
    const path = this.pathOf(input);
    const { levels, marks } = this;
    const png = mark(await renderHeatmap(image, map, scaleEnd, { levels, outlines, legend: true, marks }));
    try {
      await mkdir(systemPath(dirname(path)), { recursive: true });
    } catch (error) {
      throw ioError(error, "Making the folder", dirname(path));
    }
    await writeAtomically(path, async (file) => {
      await file.writeFile(png);
    });
  }
}

/** Checks that a heatmap only replaces a heatmap. */
async function requireReplaceable(path: string): Promise<void> {
  const start = Buffer.alloc(markedLength);
  try {
    const file = await openRegularFile(path);
    try {
      await file.read(start, 0, markedLength, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { cause = error } = error as Error;
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return;
    throw ioError(error, "Looking at the heatmap's place", path);
  }
  if (isMarked(start)) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${path} would be overwritten: it exists and is not a heatmap that this command wrote. Remove it, or choose another ` +
      "folder for the heatmaps.",
  );
}

function amongImages(folder: string, images: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `Heatmaps in ${folder} would lie among the images in ${images}. Give them a folder of their own, such as ` +
      `${join(folder, "heatmaps")}.`,
  );
}
