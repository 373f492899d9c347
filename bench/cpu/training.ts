import type { NativeImageSet, NativeModel } from "../../lib/native/addon.js";
import type { Precision } from "../../lib/options/precision.js";
import type { EpochReport } from "../../lib/options/progress.js";
import { trainingDefaults } from "../../lib/options/training.js";
import type { Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { comparePrecisions } from "./precisions.js";
import { imageSize, type Workload } from "./workload.js";

/**
 * Compares training steps on batches of 16 in each precision with the reference in float32. On both sides, the teacher
 * runs at every step or its features are kept. The losses of the first step are compared first.
 */
export async function compareTraining(
  workload: Workload,
  precisions: readonly Precision[],
  keep: boolean,
  { rounds, trainingSteps }: Effort,
): Promise<Comparison[]> {
  const batchSize = Math.min(16, workload.images.length);
  const set = new workload.addon.ImageSet({ height: imageSize, width: imageSize, fit: "stretch" });
  const models: NativeModel[] = [];
  try {
    for (const image of workload.images.slice(0, batchSize)) await set.add(image);
    const request = { job: "train", batchSize, steps: trainingSteps, keep };
    const trainThere = () => workload.reference.request<Trained>(request);
    await workload.reference.request({ job: "open", ...workload.files });
    const expected = (await trainThere()).loss;
    const ours = {} as Record<Precision, () => Promise<number>>;
    for (const precision of precisions) {
      const model = await workload.fresh(precision);
      models.push(model);
      const train = () => trainHere(workload, model, set, batchSize, keep, trainingSteps);
      requireEqualLoss((await train()).loss, expected, precision);
      ours[precision] = async () => (await train()).seconds;
    }
    const reference = async () => (await trainThere()).seconds;
    const features = keep ? "features kept" : "teacher at every step";
    return await comparePrecisions(workload, precisions, rounds, {
      name: `training step, ${workload.backbone}, batch ${batchSize}, ${features}`,
      unit: "per step",
      operations: (await workload.operations(keep)).step * batchSize,
      ours,
      reference,
    });
  } finally {
    set.dispose();
    for (const model of models) await model.dispose();
  }
}

interface Trained {
  /** Time per step. */
  seconds: number;
  /** Loss of the first step. */
  loss: number;
}

function requireEqualLoss(ours: number, reference: number, precision: Precision): void {
  const limit = precision === "float32" ? 1e-4 : 0.02;
  if (Math.abs(ours - reference) <= limit * reference) return;
  throw new Error(`The losses of the first step in ${precision} differ: ${ours} and ${reference}.`);
}

/** Here, an epoch is one step. The first does not count, because it computes the features that are kept. */
async function trainHere(
  { addon }: Workload,
  model: NativeModel,
  set: NativeImageSet,
  batchSize: number,
  keep: boolean,
  steps: number,
): Promise<Trained> {
  const reports: EpochReport[] = [];
  await model.train(
    set,
    {
      ...trainingDefaults,
      ...{
        epochs: steps + 1,
        untilConverged: false,
        batchSize,
        learningRate: 0.005,
        loss: "location",
        seed: 0,
        threads: 0,
      },
      ...{ featureMemory: keep ? 2 ** 40 : 0, featureDisk: 0, featureFolder: "" },
    },
    new addon.CancelToken(),
    (report) => reports.push(report),
  );
  const [first, ...others] = reports;
  const seconds = others.reduce((sum, { imagesPerSecond }) => sum + batchSize / imagesPerSecond, 0);
  return { seconds: seconds / steps, loss: first!.loss };
}
