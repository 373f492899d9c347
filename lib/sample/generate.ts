import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import sharp from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { Random } from "../random.js";
import { describe, descriptionFile, holdsSample } from "./occupant.js";
import { checkedOptions, type SampleOptions } from "./options.js";
import { drawPart } from "./part.js";
import { planSample, type PartPlan } from "./plan.js";

/** What {@link generateSample} made or found. */
export interface Sample {
  folder: string;
  /** Number of images to train on, and to test on. */
  train: number;
  test: number;
  /** Whether the folder held this very sample already, and was left as it is. */
  reused: boolean;
}

/**
 * Draws a data set of textured parts, good ones and defective ones, with masks of the defects:
 *
 *     train/good/000.png
 *     test/good/000.png
 *     test/<defect>/000.png
 *     ground_truth/<defect>/000_mask.png    white on the defect, black elsewhere
 *     sample.json                           the options it was drawn with
 *
 * Equal options give equal pixels on every machine. The folder appears when all of it is written, so
 * that an interrupted run leaves none. A folder that holds this very sample is left as it is.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for an option that is not allowed, or if the
 * folder holds anything but a sample; `ABORTED` if the signal was; `IO` if it cannot be written.
 */
export async function generateSample(folder: string, options: SampleOptions = {}): Promise<Sample> {
  const checked = checkedOptions(options);
  const { signal, onProgress, overwrite, ...drawing } = checked;
  const target = resolve(folder);
  const description = describe(drawing);
  const plans = planSample(checked);
  const sample = { folder, train: checked.train, test: plans.length - checked.train };

  if (await holdsSample(target, description, overwrite)) return { ...sample, reused: true };

  try {
    await mkdir(dirname(target), { recursive: true });
    const unfinished = `${target}.unfinished-${randomUUID()}`;
    try {
      for (const [index, plan] of plans.entries()) {
        if (signal?.aborted) {
          throw new ReverseDistillationError("ABORTED", "Drawing the sample was aborted.", {
            cause: signal.reason,
          });
        }
        await draw(unfinished, plan, checked.size, checked.seed);
        onProgress?.({ done: index + 1, total: plans.length });
      }
      await writeFile(join(unfinished, descriptionFile), description);
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof ReverseDistillationError || (error as NodeJS.ErrnoException).code === undefined)
      throw error;
    throw new ReverseDistillationError(
      "IO",
      `The sample cannot be written to ${folder}: ${(error as Error).message}.`,
      {
        cause: error,
      },
    );
  }
  return { ...sample, reused: false };
}

async function draw(
  folder: string,
  { image, mask, texture, defect }: PartPlan,
  size: number,
  seed: number,
): Promise<void> {
  // Each image is a stream of its own, so that more images of one kind leave the others as they are.
  const part = drawPart(size, texture, defect, new Random(seed, texture, ...image.split(/[\\/]/)));
  await writePng(join(folder, `${image}.png`), part.pixels, size, 3);
  if (mask) await writePng(join(folder, `${mask}.png`), part.mask, size, 1);
}

async function writePng(path: string, data: Uint8Array, size: number, channels: 1 | 3): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const image = sharp(data, { raw: { width: size, height: size, channels } });
  await image
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toFile(path);
}
