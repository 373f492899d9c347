import { randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import sharp from "sharp";
import { ReverseDistillationError } from "../errors/error.js";
import { Random } from "../random.js";
import { defectNames, type DefectName } from "./defects.js";
import { checkedOptions, type SampleOptions } from "./options.js";
import { drawPart } from "./part.js";
import type { TextureName } from "./textures.js";

/** What {@link generateSample} made or found. */
export interface Sample {
  folder: string;
  /** Number of images to train on, and to test on. */
  train: number;
  test: number;
  /** Whether the folder held this very sample already, and was left as it is. */
  reused: boolean;
}

/** Goes up when the drawing changes: a sample of another version is not reused. */
const version = 1;
const descriptionFile = "sample.json";

interface Plan {
  /** Below the sample's folder, without extension. */
  image: string;
  mask?: string;
  texture: TextureName;
  defect?: DefectName;
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
 * folder holds something else; `ABORTED` if the signal was; `IO` if it cannot be written.
 */
export async function generateSample(folder: string, options: SampleOptions = {}): Promise<Sample> {
  const checked = checkedOptions(options);
  const { signal, onProgress, overwrite, ...drawing } = checked;
  const target = resolve(folder);
  const description = `${JSON.stringify({ generator: "reverse-distillation sample", version, ...drawing }, null, 2)}\n`;
  const plans = planned(checked);
  const sample = { folder, train: checked.train, test: plans.length - checked.train };

  const found = await occupant(target);
  if (found.description === description) return { ...sample, reused: true };
  if (found.entries > 0 && !(overwrite && found.description !== undefined)) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      found.description === undefined
        ? `The folder ${folder} holds other files: give one that is empty or does not exist.`
        : `The folder ${folder} holds a sample drawn with other options: give another folder, or set overwrite.`,
    );
  }

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

function planned(options: ReturnType<typeof checkedOptions>): Plan[] {
  const numbered = (count: number, plan: (name: string, texture: TextureName) => Plan): Plan[] =>
    Array.from({ length: count }, (_, i) =>
      plan(String(i).padStart(3, "0"), options.textures[i % options.textures.length]!),
    );
  return [
    ...numbered(options.train, (name, texture) => ({ image: join("train", "good", name), texture })),
    ...numbered(options.testGood, (name, texture) => ({ image: join("test", "good", name), texture })),
    ...defectNames.flatMap((defect) =>
      options.defects.includes(defect)
        ? numbered(options.testPerDefect, (name, texture) => ({
            image: join("test", defect, name),
            mask: join("ground_truth", defect, `${name}_mask`),
            texture,
            defect,
          }))
        : [],
    ),
  ];
}

async function draw(
  folder: string,
  { image, mask, texture, defect }: Plan,
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

/** What lies in the target folder: how many entries, and a sample's description if it is one. */
async function occupant(folder: string): Promise<{ entries: number; description?: string }> {
  try {
    const entries = await readdir(folder);
    if (!entries.includes(descriptionFile)) return { entries: entries.length };
    return { entries: entries.length, description: await readFile(join(folder, descriptionFile), "utf8") };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { entries: 0 };
    throw new ReverseDistillationError(
      code === "ENOTDIR" ? "INVALID_ARGUMENT" : "IO",
      `${folder} cannot hold a sample: ${message}.`,
      { cause: error },
    );
  }
}
