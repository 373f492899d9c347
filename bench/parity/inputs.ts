import { createModel } from "../../lib/detector/detector.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Addon, NativeModel, Part } from "../../lib/native/addon.js";
import type { ModelDescription, Backbone, Layout } from "../../lib/options/model.js";
import type { NamedTensor } from "../../lib/tensor/named-tensor.js";

/**
 * Weights and images that are the same on every machine, so that what the addon makes of them can be
 * compared with files written elsewhere.
 */

const parts: readonly Part[] = ["teacher", "bn", "decoder"];

/** A model at 64 x 64 with the defaults of all else. */
export function describe(backbone: Backbone, layout: Layout): ModelDescription {
  return {
    backbone,
    layout,
    layers: [1, 2, 3],
    combine: "sum",
    sigma: 4,
    imageSize: [64, 64],
    normalisation: "imagenet",
  };
}

/**
 * A model whose every tensor is seeded by its own name; its running statistics are not those of a fresh one.
 *
 * In train mode hardly an activation of the bottleneck or decoder comes near zero: batch norms have biases of
 * five standard deviations or more, negative in every fourth channel. At zero the gradient of ReLU jumps, and of
 * the hundreds of thousands of activations of ordinary weights a few always lie so near that rounding decides
 * on which side, which alone moves gradients by up to a hundredth.
 *
 * Its convolutions are four times He's, which their batch norms take out again: Adam turns any gradient, one of
 * rounding alone included, into a step of about the learning rate, which counts the less the larger the weight.
 */
export async function seededModel(addon: Addon, description: ModelDescription): Promise<NativeModel> {
  const model = await createModel(addon, description, { device: "cpu", precision: "float32" }, 0);
  await loadSeededWeights(model);
  return model;
}

/** Gives a model its seeded weights, again after it was trained. */
export async function loadSeededWeights(model: NativeModel): Promise<void> {
  for (const part of parts) {
    const tensors = model.tensors(part).map((tensor) => seededTensor(part, tensor));
    await model.load(part, tensors);
  }
}

/** Noise of two scales, so that features differ from image to image and from place to place. */
export function seededImages(count: number, [height, width]: readonly [number, number]): RawImage[] {
  return Array.from({ length: count }, (_, index) => {
    const noise = uniform(`image ${index}`);
    const columns = Math.ceil(width / 8);
    const coarse = Float32Array.from({ length: Math.ceil(height / 8) * columns * 3 }, noise);
    const data = new Uint8Array(height * width * 3);
    for (let i = 0; i < data.length; i++) {
      const [y, x, channel] = [Math.floor(i / (width * 3)), Math.floor(i / 3) % width, i % 3];
      const block = coarse[(Math.floor(y / 8) * columns + Math.floor(x / 8)) * 3 + channel]!;
      data[i] = Math.round(127.5 + 80 * block + 45 * noise());
    }
    return { data, width, height, channels: 3 };
  });
}

function seededTensor(part: Part, { name, dtype, shape }: NamedTensor): NamedTensor {
  const count = shape.reduce((product, length) => product * length, 1);
  if (dtype === "I64") return { name, dtype, shape, data: new Uint8Array(count * 8) };
  const [low, high] = range(part, name, shape);
  const random = uniform(`${part}.${name}`);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = low + ((high - low) * (random() + 1)) / 2;
  if (name.endsWith("bias")) for (let i = 3; i < count; i += 4) values[i] = -values[i]!;
  return { name, dtype: "F32", shape, data: new Uint8Array(values.buffer) };
}

/** Ranges that keep activations of one magnitude through the networks. */
function range(part: Part, name: string, shape: readonly number[]): [number, number] {
  const gain = part === "teacher" ? 1 : 4;
  if (name.endsWith("running_var")) return [0.5 * gain ** 2, 1.5 * gain ** 2];
  if (name.endsWith("running_mean")) return [-0.25, 0.25];
  if (shape.length === 1) return name.endsWith("bias") ? [2, 2.4] : [0.2, 0.4];
  // The layout of a transposed convolution is [in, out, 2, 2], of stride 2: each output sees one of its 4 values.
  const transposed = shape[2] === 2;
  const fanIn = transposed ? shape[0]! : shape[1]! * shape[2]! * shape[3]!;
  const bound = gain * Math.sqrt(6 / fanIn);
  return [-bound, bound];
}

/** Uniform numbers in [-1, 1): a linear congruential generator (constants of Numerical Recipes), seeded by FNV-1a. */
function uniform(seed: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}
