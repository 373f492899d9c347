import { tmpdir } from "node:os";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Addon, NativeModel, TrainingConfig } from "../../lib/native/addon.js";
import { defaultFeatureMemory } from "../../lib/options/train.js";
import { trainingDefaults, type LearningRateSchedule, type Loss } from "../../lib/options/training.js";
import type { NamedTensor } from "../../lib/tensor/named-tensor.js";

/** How `train()` keeps the teacher's features by default. */
export function keptFeatures(): Pick<TrainingConfig, "featureMemory" | "featureDisk" | "featureFolder"> {
  return { featureMemory: defaultFeatureMemory(), featureDisk: 0, featureFolder: tmpdir() };
}

/** A short training of both sides. */
export interface ComparedTraining {
  epochs: number;
  batchSize: number;
  learningRate: number;
  learningRateSchedule: LearningRateSchedule;
  seed: number;
}

/** The training to compare: three steps of Adam on four images. */
export const training: ComparedTraining = {
  ...{ epochs: 3, batchSize: 4, learningRate: 0.005, learningRateSchedule: "constant", seed: 7 },
};

/** Values of tensors by name: those of `NativeModel.trace`, and `losses` and `stepped.*` of the training. */
export type Tensors = Map<string, ArrayLike<number>>;

/**
 * Computes everything to compare: a trace of all images as one batch, then the loss of each epoch of an ordinary
 * training and all tensors after it. The model keeps its trained weights.
 */
export async function computeNatively(
  addon: Addon,
  model: NativeModel,
  images: RawImage[],
  loss: Loss,
  settings = training,
): Promise<Tensors> {
  const traced = await model.trace(images, loss, 0);
  const losses = await trainNatively(addon, model, images, loss, settings);
  const stepped = [];
  for (const part of ["bn", "decoder"] as const)
    for (const tensor of await model.tensors(part))
      stepped.push({ ...tensor, name: `stepped.${part}.${tensor.name}` });
  const tensors: Tensors = new Map([...traced, ...stepped].map((tensor) => [tensor.name, values(tensor)]));
  return tensors.set("losses", losses);
}

async function trainNatively(
  addon: Addon,
  model: NativeModel,
  images: RawImage[],
  loss: Loss,
  settings: ComparedTraining,
): Promise<number[]> {
  const { height, width } = model.config;
  const set = new addon.ImageSet({ height, width, fit: "stretch" });
  for (const image of images) await set.add(image);
  const losses: number[] = [];
  const config = {
    ...trainingDefaults,
    ...settings,
    loss,
    untilConverged: false,
    threads: 0,
    ...keptFeatures(),
  };
  await model.train(set, config, new addon.CancelToken(), (report) => losses.push(report.loss));
  set.dispose();
  return losses;
}

function values({ name, dtype, data }: NamedTensor): ArrayLike<number> {
  const { buffer, byteOffset, byteLength } = data;
  if (dtype === "F32") return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === "I64") return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
  throw new Error(`The tensor ${name} has the dtype ${dtype}, which cannot be compared.`);
}
