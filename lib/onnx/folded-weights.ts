import { type DetectorTensors } from "../model-file/detector-tensors.js";
import type { StoragePrecision } from "../options/storage.js";
import { float32Values } from "../tensor/float32-values.js";
import { narrowChecked } from "../tensor/storage-precision.js";
import type { GraphBuilder } from "./graph.js";
import { TensorProto_DataType as DataType } from "./proto/onnx_pb.js";

/** What batch norms add to a variance before they divide by its root: PyTorch's default. */
const epsilon = 1e-5;

/**
 * The weights of convolutions with the batch norms after them taken in: as those compute with running
 * statistics, gamma (w x - mean) / sqrt(var + eps) + beta is a convolution with other weights and a bias.
 * They are computed in float64, when they are written, and rounded once.
 */
export class FoldedWeights {
  readonly #tensors: DetectorTensors;
  readonly #graph: GraphBuilder;
  readonly #precision: StoragePrecision;

  constructor(tensors: DetectorTensors, graph: GraphBuilder, precision: StoragePrecision) {
    this.#tensors = tensors;
    this.#graph = graph;
    this.#precision = precision;
  }

  /** Whether the detector has this module, of which `weight` is a tensor. */
  has(module: string): boolean {
    return this.#tensors.shapes.has(`${module}.weight`);
  }

  /** Shape of a convolution's weight: [out, in, h, w], of a transposed one [in, out, h, w]. */
  shapeOf(convolution: string): readonly number[] {
    return this.#tensors.shapes.get(`${convolution}.weight`)!.shape;
  }

  /**
   * Adds the weight and the bias of a convolution and the batch norm after it to the graph.
   *
   * @param channelAxis Of the weight: where its output channels lie.
   * @returns their names.
   */
  add(convolution: string, norm: string, channelAxis: 0 | 1): [weight: string, bias: string] {
    const shape = this.shapeOf(convolution);
    const weight = this.#initializer(`${convolution}.weight`, shape, async (name) => {
      const { scale } = await this.#foldedNorm(norm);
      return scaleChannels(await this.#values(name), shape, channelAxis, scale);
    });
    const bias = this.#initializer(`${convolution}.bias`, [shape[channelAxis]!], async () => {
      const { shift } = await this.#foldedNorm(norm);
      return Float32Array.from(shift);
    });
    return [weight, bias];
  }

  #initializer(
    name: string,
    dims: readonly number[],
    compute: (name: string) => Promise<Float32Array>,
  ): string {
    const elements = dims.reduce((product, size) => product * size, 1);
    if (this.#precision === "float32") {
      const read = async () => bytesOf(await compute(name));
      return this.#graph.initializer({ name, type: DataType.FLOAT, dims, byteLength: 4 * elements, read });
    }
    const read = async () => bytesOf(narrowChecked(name, await compute(name)));
    return this.#graph.initializer({ name, type: DataType.FLOAT16, dims, byteLength: 2 * elements, read });
  }

  /** The batch norm as y = scale x + shift, a number a channel. */
  async #foldedNorm(norm: string): Promise<{ scale: Float64Array; shift: Float64Array }> {
    const gamma = await this.#values(`${norm}.weight`);
    const beta = await this.#values(`${norm}.bias`);
    const mean = await this.#values(`${norm}.running_mean`);
    const variance = await this.#values(`${norm}.running_var`);
    const scale = Float64Array.from(gamma, (value, i) => value / Math.sqrt(variance[i]! + epsilon));
    const shift = Float64Array.from(beta, (value, i) => value - mean[i]! * scale[i]!);
    return { scale, shift };
  }

  async #values(name: string): Promise<Float32Array> {
    return float32Values(await this.#tensors.read(name));
  }
}

function scaleChannels(
  weight: Float32Array,
  shape: readonly number[],
  channelAxis: 0 | 1,
  scale: Float64Array,
): Float32Array {
  const channels = shape[channelAxis]!;
  const inner = shape.slice(channelAxis + 1).reduce((product, size) => product * size, 1);
  const scaled = new Float32Array(weight.length);
  for (let i = 0; i < weight.length; i++) {
    scaled[i] = weight[i]! * scale[Math.floor(i / inner) % channels]!;
  }
  return scaled;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
