import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { throwIfAborted } from "../errors/abort.js";
import { writeAtomically } from "../files/atomic-file.js";
import { ioError } from "../files/io-error.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import { decodeImage } from "../image/decode.js";
import { quantiseMap, renderHeatmap, type QuantisedMap } from "../image/heatmap.js";
import type { RawImage } from "../image/raw-image.js";
import type { ScoreInput } from "./score-inputs.js";

/**
 * Writes heatmaps on one scale. Where its end is given they are written as they come; else its end is
 * the largest value of all maps, so the maps are kept, at 8 bits a value, until `finish`, and the
 * images are read again.
 */
export class HeatmapFolder {
  readonly #folder: string;
  readonly #scaleEnd: number | undefined;
  readonly #kept: { input: ScoreInput; map: QuantisedMap }[] = [];

  constructor(folder: string, scaleEnd: number | undefined) {
    this.#folder = folder;
    this.#scaleEnd = scaleEnd;
  }

  /** Where the heatmap of an image lies, once it is written. */
  pathOf(input: ScoreInput): string {
    return join(this.#folder, input.heatmap);
  }

  async add(input: ScoreInput, image: RawImage, map: AnomalyMap): Promise<void> {
    const quantised = quantiseMap(map);
    if (this.#scaleEnd === undefined) this.#kept.push({ input, map: quantised });
    else await this.#write(input, image, quantised, this.#scaleEnd);
  }

  async finish(signal: AbortSignal): Promise<void> {
    // Maps of zeros alone have no scale; any end shows them as they are.
    const scaleEnd = this.#kept.reduce((largest, { map }) => Math.max(largest, map.peak), 0) || 1;
    for (const { input, map } of this.#kept) {
      throwIfAborted(signal);
      await this.#write(input, await decodeImage(input.path), map, scaleEnd);
    }
  }

  async #write(input: ScoreInput, image: RawImage, map: QuantisedMap, scaleEnd: number): Promise<void> {
    const path = this.pathOf(input);
    const png = await renderHeatmap(image, map, scaleEnd);
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw ioError(error, "Making the folder", dirname(path));
    }
    await writeAtomically(path, async (file) => {
      await file.writeFile(png);
    });
  }
}
