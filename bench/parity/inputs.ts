import { createModel } from "../../lib/detector/parts.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Addon, NativeModel, Part } from "../../lib/native/addon.js";
import type { ModelDescription, Backbone, Layout } from "../../lib/options/model.js";
import type { NamedTensor } from "../../lib/tensor/named-tensor.js";

/**
 * Weights and images that are the same on every machine, so that results can be compared with files written elsewhere.
 */

const parts: readonly Part[] = ["teacher", "bn", "decoder"];

/** A model at 64 x 64, with defaults for everything else. */
export function describe(backbone: Backbone, layout: Layout): ModelDescription {
  return {
    backbone,
    layout,
    layers: [1, 2, 3],
    combine: "sum",
    sigma: 4,
    imageSize: [64, 64],
    normalisation: "imagenet",
    fit: "stretch",
  };
}

/**
 * Creates a model in which every tensor is seeded by its name. Its running statistics differ from those of a new model.
 *
 * In training mode, hardly any activation of the bottleneck or decoder is near zero: batch norms have biases of at
 * least five standard deviations, negative in every fourth channel. The gradient of ReLU jumps at zero. With ordinary
 * weights, a few of the hundreds of thousands of activations are always so close to zero that rounding decides their
 * sign, which alone changes gradients by up to one percent.
 *
 * The convolutions are four times as large as He's initialisation, which their batch norms cancel. Adam turns any
 * gradient, even one from rounding alone, into a step of about the learning rate, and that matters less for larger
 * weights.
 */
export async function seededModel(addon: Addon, description: ModelDescription): Promise<NativeModel> {
  const model = await createModel(addon, description, { device: "cpu", precision: "float32" }, 0);
  await loadSeededWeights(model);
  return model;
}

/** Loads the seeded weights into a model, for example to restore them after training. */
export async function loadSeededWeights(model: NativeModel): Promise<void> {
  for (const part of parts) {
    const tensors = (await model.tensors(part)).map((tensor) => seededTensor(part, tensor));
    await model.load(part, tensors);
  }
}

/** Images of noise at two scales, so that features differ between images and between positions. */
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

/** Ranges that keep the magnitude of activations constant through the networks. */
function range(part: Part, name: string, shape: readonly number[]): [number, number] {
  const gain = part === "teacher" ? 1 : 4;
  if (name.endsWith("running_var")) return [0.5 * gain ** 2, 1.5 * gain ** 2];
  if (name.endsWith("running_mean")) return [-0.25, 0.25];
  if (shape.length === 1) return name.endsWith("bias") ? [2, 2.4] : [0.2, 0.4];
  // A transposed convolution has the layout [in, out, 2, 2] and stride 2: each output uses one of the 4 values.
  const transposed = shape[2] === 2;
  const fanIn = transposed ? shape[0]! : shape[1]! * shape[2]! * shape[3]!;
  const bound = gain * Math.sqrt(6 / fanIn);
  return [-bound, bound];
}

/** Uniform numbers in [-1, 1): a linear congruential generator (Numerical Recipes' constants), seeded with FNV-1a. */
function uniform(seed: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}
