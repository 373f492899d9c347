import { decodeInTurn, decoders } from "../image/decode-in-turn.js";
import { quantiseMap, type QuantisedMap } from "../image/heatmap.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import type { Outlines } from "../options/heatmap.js";
import { readAhead } from "../image/read-ahead.js";
import type { LevelRange } from "../options/levels.js";
import { drawThumbnail, type Thumbnail } from "./thumbnail.js";

/** The most images that a page shows. */
export const mostPictures = 2000;

/** What all pictures of a page take together, in bytes, before they are written as text, which takes a third more. */
const budget = 14_000_000;

/** Sides of thumbnails, and up to how many images have them. */
const sides = [
  { upTo: 100, side: 320 },
  { upTo: 400, side: 224 },
  { upTo: mostPictures, side: 128 },
];

/** Keeps the maps of images, with 8 bits per value, until all of them are known and can be drawn on one scale. */
export class Gallery {
  readonly #images: { path: string; map: QuantisedMap; outlines: Outlines }[] = [];

  /**
   * @param path The file of the image, which is read again when it is drawn.
   * @param outlines Of regions, in pixels of the image.
   */
  add(path: string, map: AnomalyMap, outlines: Outlines = []): void {
    this.#images.push({ path, map: quantiseMap(map), outlines });
  }

  /**
   * Draws some of the images.
   *
   * @param numbers The images in the order in which they were added, from 0.
   * @returns by number, in no more bytes than a page can hold.
   */
  async draw(
    numbers: readonly number[],
    {
      levels,
      maxPixels,
      signal,
    }: { levels?: LevelRange | undefined; maxPixels?: number | undefined; signal: AbortSignal },
  ): Promise<Map<number, Thumbnail>> {
    // Maps of zeros alone have no scale; any end shows them as they are.
    const scaleEnd = this.#images.reduce((largest, { map }) => Math.max(largest, map.peak), 0) || 1;
    const { side } = sides.find(({ upTo }) => numbers.length <= upTo) ?? sides.at(-1)!;
    const options = { scaleEnd, levels, side, bytes: budget / 2 / numbers.length };
    const draw = async (number: number): Promise<[number, Thumbnail]> => {
      const { path, map, outlines } = this.#images[number]!;
      const image = await decodeInTurn(path, { levels, maxPixels, signal });
      return [number, await drawThumbnail(image, map, { ...options, outlines })];
    };
    const drawn = new Map<number, Thumbnail>();
    for await (const [number, picture] of readAhead(numbers, draw, { limit: decoders, signal }))
      drawn.set(number, picture);
    return drawn;
  }
}
