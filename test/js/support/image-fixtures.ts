import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import type { RawImage } from "../../../lib/index.js";

/** Pixels without a pattern that a codec or a network could smooth away; equal seeds give equal ones. */
export function noise(width: number, height: number, channels: 1 | 3 | 4, seed = 1): RawImage {
  let state = seed * 2654435761;
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { data, width, height, channels };
}

/** sharp over raw pixels, to be encoded. */
export function encoder({ data, width, height, channels }: RawImage): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** A folder with `count` small PNGs, each another noise. */
export async function folderOfImages(folder: string, count: number, side = 64): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    await encoder(noise(side, side, 3, index + 1))
      .png()
      .toFile(join(folder, `${String(index).padStart(3, "0")}.png`));
  }
  return folder;
}
