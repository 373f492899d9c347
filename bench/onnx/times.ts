import { join } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import type { PreprocessedImage } from "../../lib/image/pixels.js";
import { loadAddon } from "../../lib/native/loader.js";
import type { ScoringPrecision } from "../../lib/options/precision.js";
import { verificationImages } from "../../lib/verify/images.js";
import { RuntimeModel } from "../../lib/verify/runtime.js";
import { alternate, settle, type Run } from "../cpu/compare.js";
import { precisionsHere } from "../precisions.js";
import type { Side, Spread, Timing } from "./results.js";

const batches = [1, 8];
const threadCounts = [1, 2];
const rounds = 11;

/** How far a score may be from ONNX Runtime's, as a share of it. */
const tolerances = { float32: 1e-4, bfloat16: 0.02, int8: 0.05 };

/**
 * Scores with a detector in each precision and with ONNX Runtime, in alternation, for each size of batch and number of
 * threads.
 *
 * @param folder The model file `bundle`, which was quantised, and the export `onnx`.
 * @throws Error if their scores differ.
 */
export async function timeAll(folder: string): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const threads of threadCounts)
    for (const batch of batches) timings.push(await time(folder, batch, threads));
  return timings;
}

async function time(folder: string, batch: number, threads: number): Promise<Timing> {
  const precisions: ScoringPrecision[] = [...precisionsHere(await loadAddon()), "int8"];
  const detectors = new Map<ScoringPrecision, Detector>();
  const runtime = await RuntimeModel.open(join(folder, "onnx"), { threads });
  try {
    for (const precision of precisions)
      detectors.set(
        precision,
        await Detector.load(join(folder, "bundle"), { device: "cpu", precision, threads }),
      );
    const images = [...verificationImages(detectors.get("float32")!.config.imageSize, batch)];
    const tensors = images.map(({ data, width, height }): PreprocessedImage => ({
      data: data as Uint8Array,
      dims: [1, height, width, 3],
      originalSize: [height, width],
    }));
    const expected = await runtime.score(tensors);
    const sides: Record<string, Run> = { onnxruntime: seconds(() => runtime.score(tensors)) };
    for (const [precision, detector] of detectors) {
      const scores = await detector.scoreBatch(images, { batchSize: batch });
      requireClose(precision as keyof typeof tolerances, scores, expected);
      sides[precision] = seconds(() => detector.scoreBatch(images, { batchSize: batch }));
    }
    await alternate(2, sides, settle);
    const taken = await alternate(rounds, sides, settle);
    const milliseconds = Object.entries(taken).map(([side, values]) => [side, spread(values, 1000 / batch)]);
    return {
      batch,
      threads,
      milliseconds: Object.fromEntries(milliseconds) as Partial<Record<Side, Spread>>,
    };
  } finally {
    await Promise.all([...detectors.values()].map((detector) => detector.dispose()));
    await runtime.close();
  }
}

function requireClose(
  precision: keyof typeof tolerances,
  scores: readonly { score: number }[],
  expected: readonly { score: number }[],
): void {
  for (const [i, { score }] of scores.entries()) {
    const share = Math.abs(score / expected[i]!.score - 1);
    if (share > tolerances[precision])
      throw new Error(
        `${precision} scores ${score}, and ONNX Runtime ${expected[i]!.score}: not the same model`,
      );
  }
}

function seconds(work: () => Promise<unknown>): Run {
  return async () => {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1000;
  };
}

/** The spread of values, in other units. */
function spread(values: readonly number[], unit: number): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]! * unit;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}
