import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train } from "../../lib/detector/train.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Backbone } from "../../lib/options/model.js";
import { seededImages } from "../parity/inputs.js";
import { runLines } from "../programs.js";
import { findPython, referenceScript } from "../reference.js";

/** Precisions that are compared. For the reference, "tf32" is eager PyTorch with its default settings on a GPU. */
type ComparedPrecision = "float32" | "tf32" | "bfloat16";

/** The speed of one side in one precision. */
export interface Speed {
  backbone: Backbone;
  side: "addon" | "python";
  /**
   * For the reference, "tf32" is eager PyTorch with its default settings, "float32" the same without TF32, and
   * "bfloat16" autocast with channels-last tensors.
   */
  precision: ComparedPrecision;
  /** Median time to score one image. */
  latencySeconds: number;
  /** Scoring in batches of 32. */
  imagesPerSecond: number;
  /** Training in batches of 16. For the addon, from the third epoch on, when its step is recorded. */
  trainingImagesPerSecond: number;
  /** For the reference in float32: largest difference of scores, relative to the largest score. */
  scoreDifference?: number;
}

/** The output of `bench/python/speed.py` for one precision. */
interface PythonRun {
  speed: Omit<Speed, "backbone" | "side">;
  scores: number[];
}

/** Largest relative difference of scores that still counts as the same model. */
const allowedDifference = 1e-3;

/** What to measure, and whom to tell. */
export interface EndToEndOptions {
  device: "cpu" | `cuda:${number}`;
  quick: boolean;
  /** Called with each speed as soon as it is known. */
  onSpeed: (speed: Speed) => void;
  /** Called if a part fails. The others go on. */
  onFailure: (what: string, error: unknown) => void;
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
 */
export async function measureEndToEnd(backbone: Backbone, options: EndToEndOptions): Promise<void> {
  const { device, quick, onSpeed, onFailure } = options;
  const imageSize = quick ? 64 : 256;
  const images = seededImages(quick ? 4 : 32, [imageSize, imageSize]);
  const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-gpu-"));
  const model = join(folder, "model.safetensors");
  let scores: readonly number[] = [];
  try {
    for (const precision of device === "cpu"
      ? (["float32"] as const)
      : (["float32", "bfloat16", "tf32"] as const))
      try {
        const settings = { backbone, imageSize, device, quick, precision };
        const measured = await measureAddon(images, settings, precision === "float32" ? model : undefined);
        if (precision === "float32") scores = measured.scores;
        onSpeed(measured.speed);
      } catch (error) {
        onFailure(`${backbone} in ${precision}`, error);
      }
    const python = findPython();
    if (python === undefined) onFailure("the reference", new Error("there is no Python with PyTorch"));
    else
      await measurePython(python, { folder, model, images, device, quick }, ({ speed, scores: theirs }) => {
        const own = { backbone, side: "python", ...speed } as const;
        if (speed.precision !== "float32") {
          onSpeed(own);
          return;
        }
        const scoreDifference = differenceOf(scores, theirs);
        onSpeed({ ...own, scoreDifference });
        if (!(scoreDifference <= allowedDifference))
          onFailure(
            "the scores",
            new Error(
              `they differ from the reference's by ${scoreDifference}; the limit is ${allowedDifference}`,
            ),
          );
      }).catch((error: unknown) => onFailure("the reference", error));
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface AddonSettings {
  backbone: Backbone;
  imageSize: number;
  device: EndToEndOptions["device"];
  quick: boolean;
  precision: ComparedPrecision;
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
    epochs: quick ? 3 : 12,
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
  const speed: Speed = {
    backbone: settings.backbone,
    side: "addon",
    precision: settings.precision,
    latencySeconds,
    imagesPerSecond: batchSize / batchSeconds,
    trainingImagesPerSecond: median(epochs.slice(2)),
  };
  return { speed, scores };
}

function differenceOf(scores: readonly number[], reference: readonly number[]): number {
  if (reference.length !== scores.length)
    throw new Error(`expected ${scores.length} scores from the reference, got ${reference.length}`);
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...scores.map((score, i) => Math.abs(score - reference[i]!))) / largest;
}

interface PythonInputs {
  folder: string;
  model: string;
  images: readonly RawImage[];
  device: string;
  quick: boolean;
}

async function measurePython(
  python: string,
  { folder, model, images, device, quick }: PythonInputs,
  onRun: (run: PythonRun) => void,
): Promise<void> {
  const pixels = join(folder, "images.u8");
  await writeFile(
    pixels,
    Buffer.concat(images.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.length))),
  );
  const args = [referenceScript("speed"), model, pixels, "--device", device, ...(quick ? ["--quick"] : [])];
  await runLines(python, args, (line) => onRun(JSON.parse(line) as PythonRun), { timeout: 10 * 60_000 });
}
