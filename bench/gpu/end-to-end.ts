import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train } from "../../lib/detector/train.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Backbone } from "../../lib/options/model.js";
import { seededImages } from "../parity/inputs.js";
import { runLines } from "../programs.js";
import { findPython, referenceScript } from "../reference.js";

/** The speed of one side in one precision. */
export interface Speed {
  /**
   * For the reference, "tf32" is eager PyTorch with its default settings, "float32" the same without TF32, and
   * "bfloat16" autocast with channels-last tensors.
   */
  precision: "float32" | "tf32" | "bfloat16";
  /** Median time to score one image. */
  latencySeconds: number;
  /** Scoring in batches of 32. */
  imagesPerSecond: number;
  /** Training in batches of 16. For the addon, from the second epoch on, when the teacher's features are kept. */
  trainingImagesPerSecond: number;
}

/** The output of `bench/python/speed.py` for one precision. */
export interface PythonRun {
  speed: Speed;
  scores: number[];
}

/** The addon and the reference with one backbone. */
export interface EndToEnd {
  backbone: Backbone;
  imageSize: number;
  addon: Speed[];
  /** Null if there is no Python with PyTorch. */
  python: Speed[] | null;
  /** Largest difference between the float32 scores, relative to the largest score; null without Python. */
  scoreDifference: number | null;
}

/** Largest relative difference of scores that still counts as the same model. */
const allowedDifference = 1e-3;

/** Sizes and repetitions. */
export interface EndToEndOptions {
  device: "cpu" | `cuda:${number}`;
  quick: boolean;
  timeout: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Median seconds per call, after warming up. */
async function time(work: () => Promise<unknown>, warmUps: number, repetitions: number): Promise<number> {
  for (let i = 0; i < warmUps; i++) await work();
  const seconds: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await work();
    seconds.push((performance.now() - start) / 1000);
  }
  return median(seconds);
}

/**
 * Trains detectors with random weights on images of noise and scores with them, and lets the reference do the same
 * with the weights of the first detector.
 *
 * @throws Error if the scores differ.
 */
export async function measureEndToEnd(
  backbone: Backbone,
  { device, quick, timeout }: EndToEndOptions,
): Promise<EndToEnd> {
  const imageSize = quick ? 64 : 256;
  const images = seededImages(quick ? 4 : 32, [imageSize, imageSize]);
  const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-gpu-"));
  try {
    const model = join(folder, "model.safetensors");
    const settings = { backbone, imageSize, device, quick };
    const first = await measureAddon(images, { ...settings, precision: "float32" }, model);
    const addon = [first.speed];
    if (device !== "cpu")
      for (const precision of ["tf32", "bfloat16"] as const)
        addon.push((await measureAddon(images, { ...settings, precision })).speed);
    const python = await measurePython({ folder, model, images, device, quick, timeout });
    const scoreDifference = python === null ? null : differenceOf(first.scores, python);
    if (scoreDifference !== null && !(scoreDifference <= allowedDifference))
      throw new Error(
        `the scores of ${backbone} differ from the reference by ${scoreDifference}, relative to the largest score; ` +
          `the limit is ${allowedDifference}`,
      );
    return { backbone, imageSize, addon, python: python?.map(({ speed }) => speed) ?? null, scoreDifference };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface AddonSettings {
  backbone: Backbone;
  imageSize: number;
  device: EndToEndOptions["device"];
  quick: boolean;
  precision: Speed["precision"];
}

/** @param model Path to save the trained detector to; by default, it is not saved. */
async function measureAddon(
  images: RawImage[],
  { quick, ...settings }: AddonSettings,
  model?: string,
): Promise<{ speed: Speed; scores: number[] }> {
  const epochs: number[] = [];
  await using detector = await train(quick ? images : [...images, ...images], {
    ...settings,
    epochs: quick ? 2 : 6,
    batchSize: quick ? 2 : 16,
    onProgress: (progress) => {
      if (progress.phase === "training") epochs.push(progress.imagesPerSecond);
    },
  });
  if (model !== undefined) await detector.save(model);
  const batchSize = images.length;
  const scores = (await detector.scoreBatch(images, { batchSize })).map(({ score }) => score);
  const latencySeconds = await time(() => detector.score(images[0]!), quick ? 1 : 20, quick ? 3 : 100);
  const batchSeconds = await time(
    () => detector.scoreBatch(images, { batchSize }),
    quick ? 1 : 5,
    quick ? 3 : 20,
  );
  const speed = {
    precision: settings.precision,
    latencySeconds,
    imagesPerSecond: batchSize / batchSeconds,
    trainingImagesPerSecond: median(epochs.slice(1)),
  };
  return { speed, scores };
}

function differenceOf(scores: readonly number[], python: readonly PythonRun[]): number {
  const reference = python.find(({ speed }) => speed.precision === "float32")?.scores ?? [];
  if (reference.length !== scores.length)
    throw new Error(`expected ${scores.length} scores from the reference, got ${reference.length}`);
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...scores.map((score, i) => Math.abs(score - reference[i]!))) / largest;
}

async function measurePython({
  folder,
  model,
  images,
  device,
  quick,
  timeout,
}: EndToEndOptions & { folder: string; model: string; images: readonly RawImage[] }): Promise<
  PythonRun[] | null
> {
  const python = findPython();
  if (python === undefined) return null;
  const pixels = join(folder, "images.u8");
  await writeFile(
    pixels,
    Buffer.concat(images.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.length))),
  );
  const lines: string[] = [];
  const args = [model, pixels, "--device", device, ...(quick ? ["--quick"] : [])];
  await runLines(python, [referenceScript("speed"), ...args], (line) => lines.push(line), { timeout });
  return lines.map((line) => JSON.parse(line) as PythonRun);
}
