/**
 * Measures one point and prints the result as JSON. Each point has a process of its own, so that the peak memory is
 * that of the point.
 *
 *   node --import tsx bench/scaling/measure.ts <point as JSON>
 */
import { tmpdir } from "node:os";
import { createModel } from "../../lib/detector/parts.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { NativeModel, NativeScore } from "../../lib/native/addon.js";
import { loadAddon } from "../../lib/native/loader.js";
import type { EpochReport } from "../../lib/options/progress.js";
import { trainingDefaults } from "../../lib/options/training.js";
import { timed, distribution } from "../cpu/compare.js";
import { describe, seededImages } from "../parity/inputs.js";
import type { Storage } from "./features.js";
import { MemoryWatch } from "./memory.js";
import type { Measured, Point, ScorePoint, TrainPoint } from "./points.js";

const warmUps = 2;
/** Allowed relative differences between scores of the same image. bfloat16 differs more because it rounds more. */
const tolerances = { float32: 1e-4, bfloat16: 0.02 };
const addon = await loadAddon();

async function measure(point: Point): Promise<Measured> {
  const size: [number, number] = [point.imageSize, point.imageSize];
  const description = { ...describe("resnet18", "paper"), imageSize: size };
  const precision = point.job === "score" ? point.precision : "float32";
  const model = await createModel(addon, description, { device: "cpu", precision }, 0);
  try {
    return await (point.job === "score" ? measureScoring(model, point) : measureTraining(model, point));
  } finally {
    await model.dispose();
  }
}

async function measureScoring(model: NativeModel, point: ScorePoint): Promise<Measured> {
  const images = seededImages(point.batch, [point.imageSize, point.imageSize]);
  const score = (batch: RawImage[]) => model.score(batch, 0, new addon.CancelToken());
  const watch = new MemoryWatch();
  requireMaxima(await score(images));
  for (let i = 1; i < warmUps; i++) await score(images);
  const taken: number[] = [];
  for (let i = 0; i < point.rounds; i++) taken.push(await timed(() => score(images)));
  const memory = watch.stop();
  // After the measurement, because another input size packs the weights again, and that memory must not count.
  const together = await score(images);
  for (const [i, image] of images.entries()) {
    requireEqual(
      `scores of image ${i} in the batch and alone`,
      together[i]!.score,
      (await score([image]))[0]!.score,
      tolerances[point.precision],
    );
  }
  return { seconds: distribution(taken), memory, firstLoss: null };
}

/** Checks that each score is the maximum of its map. */
function requireMaxima(scores: readonly NativeScore[]): void {
  for (const [i, { score, map }] of scores.entries()) {
    const largest = map.reduce((most, value) => Math.max(most, value), -Infinity);
    requireEqual(`score of image ${i} and its map's maximum`, score, largest, tolerances.float32);
  }
}

/** The set copies every image, so a few images of noise added repeatedly take as much memory as many. */
async function measureTraining(model: NativeModel, point: TrainPoint): Promise<Measured> {
  const noise = seededImages(Math.min(50, point.images), [point.imageSize, point.imageSize]);
  const set = new addon.ImageSet({ height: point.imageSize, width: point.imageSize, fit: "stretch" });
  const watch = new MemoryWatch();
  try {
    for (let i = 0; i < point.images; i++) await set.add(noise[i % noise.length]!);
    const reports: EpochReport[] = [];
    await model.train(
      set,
      {
        ...trainingDefaults,
        ...{
          epochs: 1 + point.rounds,
          untilConverged: false,
          batchSize: point.batch,
          learningRate: 0.005,
          loss: "location",
        },
        ...{ seed: 0, threads: 0, ...budgets[point.features], featureFolder: tmpdir() },
      },
      new addon.CancelToken(),
      (report) => reports.push(report),
    );
    const memory = watch.stop();
    requireKept(reports, point.features);
    const epochs = reports.slice(1).map(({ imagesPerSecond }) => point.images / imagesPerSecond);
    return { seconds: distribution(epochs), memory, firstLoss: reports[0]!.loss };
  } finally {
    set.dispose();
  }
}

const budgets: Record<Storage, { featureMemory: number; featureDisk: number }> = {
  memory: { featureMemory: 2 ** 40, featureDisk: 0 },
  file: { featureMemory: 0, featureDisk: 2 ** 40 },
  recomputed: { featureMemory: 0, featureDisk: 0 },
};

function requireKept(reports: readonly EpochReport[], asked: Storage): void {
  for (const { epoch, loss, features } of reports) {
    if (!Number.isFinite(loss)) throw new Error(`The loss of epoch ${epoch} is ${loss}.`);
    if (features !== asked) throw new Error(`Features should be kept as "${asked}" but are "${features}".`);
  }
}

function requireEqual(what: string, a: number, b: number, tolerance: number): void {
  if (Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))) return;
  throw new Error(`The ${what} differ by ${Math.abs(a - b)}, more than ${tolerance}: ${a} and ${b}.`);
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as Point)));
