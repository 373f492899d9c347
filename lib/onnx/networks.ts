import type { Layout } from "../options/model.js";
import type { FoldedWeights } from "./folded-weights.js";
import type { GraphBuilder } from "./graph.js";

/**
 * The three networks as ONNX operators, with folded batch norms. The number and the kind of the blocks in a stage
 * follow from the names of the weights, which are the same as in model files.
 */
export class NetworkGraph {
  readonly #graph: GraphBuilder;
  readonly #weights: FoldedWeights;

  constructor(graph: GraphBuilder, weights: FoldedWeights) {
    this.#graph = graph;
    this.#weights = weights;
  }

  /** Normalised images [N, 3, H, W] -> the outputs of layer1, layer2 and layer3, at 1/4, 1/8 and 1/16 of the size. */
  teacher(images: string): string[] {
    const stem = this.#relu(this.#unit("teacher.conv1", "teacher.bn1", images, 2));
    const pool = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    const first = this.#stage("teacher.layer1", this.#graph.node("MaxPool", "teacher.maxpool", [stem], pool));
    const second = this.#stage("teacher.layer2", first);
    return [first, second, this.#stage("teacher.layer3", second)];
  }

  /** The teacher's three features -> the code, at 1/32 of the size (the OCBE of Deng & Li 2022). */
  bottleneck([first, second, third]: readonly string[], layout: Layout): string {
    const unit = (number: number, input: string, stride: number) =>
      this.#relu(this.#unit(`bn.conv${number}`, `bn.bn${number}`, input, stride));
    const features = [unit(2, unit(1, first!, 2), 2), unit(3, second!, 2), third!];
    const fused = this.#graph.node("Concat", "bn.concat", features, { axis: 1 });
    return this.#stage("bn.bn_layer", layout === "paper" ? unit(4, fused, 1) : fused);
  }

  /** The code -> the student's three features, with the order and shapes of the teacher's. */
  decoder(code: string): string[] {
    const third = this.#stage("decoder.layer1", code);
    const second = this.#stage("decoder.layer2", third);
    return [this.#stage("decoder.layer3", second), second, third];
  }

  #stage(stage: string, input: string): string {
    let value = input;
    for (let block = 0; this.#weights.has(`${stage}.${block}.conv1`); block++) {
      value = this.#block(`${stage}.${block}`, value);
    }
    return value;
  }

  /** torchvision's BasicBlock or Bottleneck, or the mirrored version of it in the decoder. */
  #block(block: string, input: string): string {
    const units = [1, 2, 3].filter((number) => this.#weights.has(`${block}.conv${number}`));
    // The stride is in the 3x3 convolution; in a basic block, in the first of the two.
    const resampling = units.length === 3 ? 2 : 1;
    const halves = this.#weights.has(`${block}.downsample.0`) && !block.startsWith("teacher.layer1.");
    let value = input;
    for (const number of units) {
      const stride = halves && number === resampling ? 2 : 1;
      value = this.#unit(`${block}.conv${number}`, `${block}.bn${number}`, value, stride);
      if (number < units.length) value = this.#relu(value);
    }
    let shortcut = input;
    for (const kind of ["downsample", "upsample"]) {
      if (!this.#weights.has(`${block}.${kind}.0`)) continue;
      shortcut = this.#unit(`${block}.${kind}.0`, `${block}.${kind}.1`, input, halves ? 2 : 1);
    }
    return this.#relu(this.#graph.node("Add", `${block}.add`, [value, shortcut]));
  }

  /** A convolution and its batch norm. A 2x2 kernel means a transposed convolution, which doubles the size. */
  #unit(convolution: string, norm: string, input: string, stride: number): string {
    const [, , kernel] = this.#weights.shapeOf(convolution) as [number, number, number];
    if (kernel === 2) {
      const parameters = this.#weights.add(convolution, norm, 1);
      const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
      return this.#graph.node("ConvTranspose", convolution, [input, ...parameters], attributes);
    }
    const parameters = this.#weights.add(convolution, norm, 0);
    const padding = Math.floor(kernel / 2);
    return this.#graph.node("Conv", convolution, [input, ...parameters], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  }

  #relu(input: string): string {
    return this.#graph.node("Relu", `${input}.relu`, [input]);
  }
}
