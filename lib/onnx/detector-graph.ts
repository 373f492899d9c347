import { create } from "@bufbuild/protobuf";
import type { Thresholds } from "../calibration/thresholds.js";
import { normalisationOf } from "../image/normalise.js";
import type { DetectorTensors } from "../model-file/detector-tensors.js";
import type { ResolvedExportOptions } from "../options/export.js";
import type { ModelDescription } from "../options/model.js";
import { addVerdict } from "./verdict.js";
import { addAnomalyMap } from "./anomaly-map.js";
import { FoldedWeights } from "./folded-weights.js";
import { describeValue, GraphBuilder, type Initializer } from "./graph.js";
import { NetworkGraph } from "./networks.js";
import { sizesInput } from "./padding.js";
import {
  GraphProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ValueInfoProto,
} from "./proto/onnx_pb.js";

/** Name of the batch dimension if its size is dynamic. */
const dynamicBatch = "N";

/** A graph, and separately its constants. */
export interface DetectorGraph {
  graph: GraphProto;
  initializers: readonly Initializer[];
}

/** What to build the graph from. */
export interface GraphOptions extends Pick<
  ResolvedExportOptions,
  "precision" | "input" | "batch" | "verdict"
> {
  model: ModelDescription;
  /** Must be there if the graph gives verdicts. */
  thresholds: Thresholds | null;
  tensors: DetectorTensors;
}

/**
 * Builds a whole detector as a graph of standard operators: `images` -> `map` [N, 1, H, W], `score` [N] and, if asked for,
 * `verdict` [N]. If images are padded, `sizes` [N, 2] says how large they were, so that their padding does not count.
 */
export function buildDetectorGraph(options: GraphOptions): DetectorGraph {
  const { model, thresholds, tensors, precision, input, batch, verdict } = options;
  const [height, width] = model.imageSize;
  const n = batch === "dynamic" ? dynamicBatch : batch;
  const builder = new GraphBuilder();
  const networks = new NetworkGraph(builder, new FoldedWeights(tensors, builder, precision));

  const normalised = input === "uint8" ? addNormalisation(builder, model) : "images";
  const images =
    precision === "float32" ? normalised : cast(builder, "images.half", normalised, DataType.FLOAT16);
  const teacher = networks.teacher(images);
  const student = networks.decoder(networks.bottleneck(teacher, model.layout));
  const wide = (features: readonly string[]) =>
    precision === "float32"
      ? features
      : features.map((name) => cast(builder, `${name}.wide`, name, DataType.FLOAT));
  addAnomalyMap(builder, wide(teacher), wide(student), model);
  if (verdict) addVerdict(builder, thresholds!);

  const graph = create(GraphProtoSchema, {
    name: "reverse_distillation",
    node: builder.nodes,
    input: [
      describeInput(input, [n, height, width]),
      ...(model.fit === "pad" ? [describeValue(sizesInput, DataType.INT64, [n, 2])] : []),
    ],
    output: [
      describeValue("map", DataType.FLOAT, [n, 1, height, width]),
      describeValue("score", DataType.FLOAT, [n]),
      ...(verdict ? [describeValue("verdict", DataType.INT64, [n])] : []),
    ],
  });
  return { graph, initializers: builder.initializers };
}

function describeInput(
  input: ResolvedExportOptions["input"],
  [n, height, width]: [number | string, number, number],
): ValueInfoProto {
  return input === "uint8"
    ? describeValue("images", DataType.UINT8, [n, height, width, 3])
    : describeValue("images", DataType.FLOAT, [n, 3, height, width]);
}

/** uint8 [N, H, W, 3] -> float32 [N, 3, H, W]. */
function addNormalisation(builder: GraphBuilder, { normalisation }: ModelDescription): string {
  const { scale, shift } = normalisationOf(normalisation);
  const planes = builder.node("Transpose", "images.planes", ["images"], { perm: [0, 3, 1, 2] });
  const numbers = cast(builder, "images.float", planes, DataType.FLOAT);
  const scaled = builder.node("Mul", "images.scaled", [
    numbers,
    builder.constant("images.scale", scale, [1, 3, 1, 1]),
  ]);
  return builder.node("Add", "images.normalised", [
    scaled,
    builder.constant("images.shift", shift, [1, 3, 1, 1]),
  ]);
}

function cast(builder: GraphBuilder, name: string, input: string, to: DataType): string {
  return builder.node("Cast", name, [input], { to });
}
