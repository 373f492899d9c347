/** The images of the soak test: valid ones, and files that are none. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

/**
 * Paths of images in a folder.
 *
 * @typedef {{ png: string, jpeg: string, cut: string, text: string, absent: string }} ImagePaths
 */

/**
 * Pixels that a seed decides.
 *
 * @param {number} width
 * @param {number} height
 * @param {1 | 3} channels
 * @param {number} seed
 */
export function noise(width, height, channels, seed) {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { data, width, height, channels };
}

/**
 * @param {string} folder
 * @returns {Promise<ImagePaths>}
 */
export async function writeImages(folder) {
  const { data, ...size } = noise(200, 150, 3, 7);
  const picture = sharp(data, { raw: size });
  const png = await picture.png().toBuffer();
  /** @param {string} name @param {string | Buffer} content */
  const write = async (name, content) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  return {
    png: await write("image.png", png),
    jpeg: await write("image.jpg", await picture.jpeg().toBuffer()),
    cut: await write("cut.png", png.subarray(0, png.length / 2)),
    text: await write("text.png", "no image"),
    absent: join(folder, "absent.png"),
  };
}
