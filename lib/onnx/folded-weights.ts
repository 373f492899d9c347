import { inPieces, inTurns, type Work } from "../errors/long-work.js";
import { type DetectorTensors } from "../model-file/detector-tensors.js";
import type { StoragePrecision } from "../options/save.js";
import { elementCount } from "../tensor/element-count.js";
import { float32Values } from "../tensor/float32-values.js";
import { narrowChecked } from "../tensor/storage-precision.js";
import type { GraphBuilder } from "./graph.js";
import { TensorProto_DataType as DataType } from "./proto/onnx_pb.js";

/** What a batch norm adds to the variance before taking the square root: PyTorch's default. */
const epsilon = 1e-5;

/**
 * The weights of convolutions with the following batch norms folded in. With running statistics,
 * gamma (w x - mean) / sqrt(var + eps) + beta is a convolution with other weights and a bias. The folded weights are
 * computed in float64 when they are written, and rounded once.
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

  /** Whether the detector has a module with this name and a `weight`. */
  has(module: string): boolean {
    return this.#tensors.shapes.has(`${module}.weight`);
  }

  /** Shape of a convolution's weight: [out, in, h, w], or [in, out, h, w] if it is transposed. */
  shapeOf(convolution: string): readonly number[] {
    return this.#tensors.shapes.get(`${convolution}.weight`)!.shape;
  }

  /**
   * Adds the weight and the bias of a convolution with its batch norm to the graph.
   *
   * @param channelAxis The axis of the weight's output channels.
   * @returns their names.
   */
  add(convolution: string, norm: string, channelAxis: 0 | 1): [weight: string, bias: string] {
    const shape = this.shapeOf(convolution);
    const weight = this.#initializer(`${convolution}.weight`, shape, async (name) => {
      const { scale } = await this.#foldedNorm(norm);
      return inTurns(scaleChannels(await this.#values(name), shape, channelAxis, scale));
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
    const elements = elementCount(dims);
    if (this.#precision === "float32") {
      const read = async () => bytesOf(await compute(name));
      return this.#graph.initializer({ name, type: DataType.FLOAT, dims, byteLength: 4 * elements, read });
    }
    const read = async () => bytesOf(await inTurns(narrowChecked(name, await compute(name))));
    return this.#graph.initializer({ name, type: DataType.FLOAT16, dims, byteLength: 2 * elements, read });
  }

  /** The batch norm as y = scale x + shift, with one scale and one shift per channel. */
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

function* scaleChannels(
  weight: Float32Array,
  shape: readonly number[],
  channelAxis: 0 | 1,
  scale: Float64Array,
): Work<Float32Array> {
  const channels = shape[channelAxis]!;
  const inner = elementCount(shape.slice(channelAxis + 1));
  const scaled = new Float32Array(weight.length);
  yield* inPieces(weight.length, (from, to) => {
    for (let i = from; i < to;) {
      const channel = Math.floor(i / inner);
      const factor = scale[channel % channels]!;
      for (const end = Math.min((channel + 1) * inner, to); i < end; i++) scaled[i] = weight[i]! * factor;
    }
  });
  return scaled;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
