import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import sharp from "sharp";
import { throwIfAborted } from "../errors/abort.js";
import { Callback } from "../errors/callback.js";
import { ioError } from "../files/io-error.js";
import { withTemporary } from "../files/temporary.js";
import { Random } from "../random.js";
import { describe, descriptionFile, holdsSample } from "./occupant.js";
import { checkedOptions, type CheckedSampleOptions, type SampleOptions } from "./options.js";
import { drawPart } from "./part.js";
import { planSample, type PartPlan } from "./plan.js";

/** The result of {@link generateSample}. */
export interface Sample {
  folder: string;
  /** Number of training images. */
  train: number;
  /** Number of test images. */
  test: number;
  /** Whether the folder already contained this exact sample and was left unchanged. */
  reused: boolean;
}

/**
 * Draws a data set of good and defective textured parts, with masks of the defects:
 *
 *     train/good/000.png
 *     test/good/000.png
 *     test/<defect>/000.png
 *     ground_truth/<defect>/000_mask.png    white on the defect, black elsewhere
 *     sample.json                           the options that it was drawn with
 *
 * The same options give the same pixels on every machine. The folder appears only once it is complete, so an
 * interrupted run leaves nothing behind. If the folder already contains this exact sample, it is left unchanged.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if an option is not allowed or the folder contains anything but a
 * sample; `ABORTED`; `IO` if the sample cannot be written.
 */
export async function generateSample(folder: string, options: SampleOptions = {}): Promise<Sample> {
  const checked = checkedOptions(options);
  const { signal, onProgress, overwrite, ...drawing } = checked;
  const target = resolve(folder);
  const description = describe(drawing);
  const plans = planSample(checked);
  const progress = new Callback("onProgress", onProgress);
  const sample = { folder, train: checked.train, test: plans.length - checked.train };

  if (await holdsSample(target, description, overwrite)) return { ...sample, reused: true };

  try {
    await mkdir(dirname(target), { recursive: true });
    await withTemporary(dirname(target), async (unfinished) => {
      for (const [index, plan] of plans.entries()) {
        throwIfAborted(signal);
        await draw(unfinished, plan, checked);
        progress.call({ done: index + 1, total: plans.length });
        await progress.settled(signal);
      }
      await writeFile(join(unfinished, descriptionFile), description);
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw ioError(error, "Writing the sample", folder);
  }
  return { ...sample, reused: false };
}

async function draw(
  folder: string,
  { image, mask, texture, defect }: PartPlan,
  { size, seed, contrast }: CheckedSampleOptions,
): Promise<void> {
  // Each image has a random stream of its own, so that more images of one kind do not change the others.
  const part = drawPart(size, texture, defect, new Random(seed, texture, ...image.split(/[\\/]/)), contrast);
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
