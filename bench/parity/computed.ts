import type { Addon, Loss, NamedTensor, NativeModel, RawImage } from "../../lib/native/addon.js";

/** Steps of Adam that are compared, on the whole batch each, and their settings. */
export const training = { steps: 3, learningRate: 0.005, seed: 7 };

/** Values of tensors by name: of `NativeModel.trace`, and `losses` and `stepped.*` of the training steps. */
export type Tensors = Map<string, ArrayLike<number>>;

/**
 * Everything that the addon computes on one batch: a trace, then the losses of the training steps and
 * all tensors after them. The steps are those of an ordinary training; the model keeps what they made of it.
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
  const stepped = (["bn", "decoder"] as const).flatMap((part) =>
    model.tensors(part).map((tensor) => ({ ...tensor, name: `stepped.${part}.${tensor.name}` })),
  );
  const tensors: Tensors = new Map([...traced, ...stepped].map((tensor) => [tensor.name, values(tensor)]));
  return tensors.set("losses", losses);
}

async function trainNatively(
  addon: Addon,
  model: NativeModel,
  images: RawImage[],
  loss: Loss,
  { steps, learningRate, seed }: typeof training,
): Promise<number[]> {
  const { height, width } = model.config;
  const set = new addon.ImageSet(height, width);
  for (const image of images) await set.add(image);
  const losses: number[] = [];
  const config = { epochs: steps, batchSize: images.length, learningRate, loss, seed, threads: 0 };
  await model.train(set, config, new addon.CancelToken(), (report) => losses.push(report.loss));
  set.dispose();
  return losses;
}

function values({ name, dtype, data }: NamedTensor): ArrayLike<number> {
  const { buffer, byteOffset, byteLength } = data;
  if (dtype === "F32") return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === "I64") return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
  throw new Error(`The tensor ${name} has the type ${dtype}, which is not compared.`);
}
