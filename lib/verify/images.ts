import type { RawImage } from "../image/raw-image.js";
import { Random } from "../random.js";

/** Sides of the squares in successive images: from noise to plain areas. */
const grains = [1, 2, 5, 16];

/** Default images for verifying an export: squares of random colours, coarser from image to image. */
export function* verificationImages(
  [height, width]: readonly [height: number, width: number],
  count: number,
): Generator<RawImage> {
  for (let index = 0; index < count; index++) {
    const random = new Random("verification", index);
    const grain = grains[index % grains.length]!;
    const columns = Math.ceil(width / grain);
    const colours = Uint8Array.from(
      { length: columns * Math.ceil(height / grain) * 3 },
      () => random.bits() >>> 24,
    );
    const data = new Uint8Array(height * width * 3);
    for (let i = 0; i < data.length; i++) {
      const [y, x] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width];
      data[i] = colours[(Math.floor(y / grain) * columns + Math.floor(x / grain)) * 3 + (i % 3)]!;
    }
    yield { data, height, width, channels: 3 };
  }
}
