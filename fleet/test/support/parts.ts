import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { train } from "reverse-distillation";
import { encoder, folderOfImages, noise } from "../../../test/js/support/image-fixtures.js";

/** Options of the small trainings of tests. */
export const small = { imageSize: 64, epochs: 1, calibrate: false as const };

/** What jobs of tests are given. */
export interface Parts {
  /** A folder of 6 images. */
  images: string;
  /** A folder of 24 other images, for calibrations. */
  good: string;
  /** A model file of random weights, without thresholds. */
  model: string;
}

/** Draws images, and trains a model on one thread. */
export async function makeParts(folder: string): Promise<Parts> {
  const images = await folderOfImages(join(folder, "parts"), 6);
  const good = join(folder, "good");
  await mkdir(good);
  for (let index = 0; index < 24; index++)
    await encoder(noise(64, 64, 3, 100 + index))
      .png()
      .toFile(join(good, `${String(index).padStart(2, "0")}.png`));
  const model = join(folder, "model.safetensors");
  await using detector = await train(images, { ...small, device: "cpu", threads: 1 });
  await detector.save(model);
  return { images, good, model };
}
