import type { Detector, Score } from "reverse-distillation";
import type { GivenImage } from "../store/image-file.js";
import { ServiceError } from "../problems/service-error.js";
import type { ReadInferRequest } from "./infer-request.js";
import type { OutputTensor } from "./infer-response.js";
import { byteElements, numberBytes, wrong, type Datatype, type GivenTensor } from "./tensor.js";

/** A tensor as the metadata of a model describes it; -1 is any number. */
export interface TensorDescription {
  name: string;
  datatype: Datatype;
  shape: number[];
}

/** What a model takes: one of these. */
export const inputs: readonly TensorDescription[] = [
  { name: "image", datatype: "BYTES", shape: [-1] },
  { name: "pixels", datatype: "UINT8", shape: [-1, -1, -1, -1] },
];

/** The map of an image that the model pads, crops or cuts into tiles has a size of its own. */
function mapShape({ fit, tiles, imageSize }: Detector["config"]): readonly number[] {
  return fit === "stretch" && tiles === undefined ? imageSize : [-1, -1];
}

/** What a model gives. Verdicts need thresholds, and p-values a calibration. */
export function outputsOf({ config, thresholds, calibration }: Detector): TensorDescription[] {
  return [
    { name: "score", datatype: "FP32", shape: [-1] },
    { name: "map", datatype: "FP32", shape: [-1, ...mapShape(config)] },
    ...(thresholds === null ? [] : [{ name: "verdict", datatype: "BYTES" as const, shape: [-1] }]),
    ...(calibration === null ? [] : [{ name: "p_value", datatype: "FP64" as const, shape: [-1] }]),
  ];
}

/**
 * The images of a request: `image` [N] has encoded files, and `pixels` [N, height, width, 1, 3 or 4] raw pixels of 8 or
 * 16 bits.
 *
 * @throws ServiceError `INVALID_REQUEST`
 */
export function imagesOf(given: readonly GivenTensor[], mostImages: number, maxPixels: number): GivenImage[] {
  const [tensor, ...others] = given;
  if (tensor === undefined || others.length > 0 || !inputs.some(({ name }) => name === tensor.name))
    throw new ServiceError(
      "INVALID_REQUEST",
      'Give one input: "image" (encoded files) or "pixels" (raw pixels).',
    );
  const { name, shape, datatype } = tensor;
  const count = shape[0] ?? 0;
  if (count < 1 || count > mostImages)
    throw wrong(name, `must have from 1 to ${mostImages} images, by its shape; got [${shape.join(", ")}]`);
  if (name === "image") {
    if (datatype !== "BYTES") throw wrong(name, `must have the type BYTES; got ${datatype}`);
    if (shape.slice(1).some((side) => side !== 1))
      throw wrong(name, `must have the shape [N]; got [${shape.join(", ")}]`);
    return byteElements(tensor);
  }
  const [, height = 0, width = 0, channels = 0] = shape;
  if (shape.length !== 4 || !isChannels(channels) || height < 1 || width < 1)
    throw wrong(name, `must have the shape [N, height, width, 1, 3 or 4]; got [${shape.join(", ")}]`);
  if (height * width > maxPixels) throw wrong(name, `has images of more than ${maxPixels} pixels`);
  if (datatype !== "UINT8" && datatype !== "UINT16")
    throw wrong(name, `must have the type UINT8 or UINT16; got ${datatype}`);
  const size = datatype === "UINT8" ? 1 : 2;
  const bytes = numberBytes(tensor, size);
  const length = height * width * channels * size;
  return Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * length, (index + 1) * length);
    const data =
      size === 1 ? part : new Uint16Array(part.buffer.slice(part.byteOffset, part.byteOffset + length));
    return { data, width, height, channels };
  });
}

function isChannels(value: number): value is 1 | 3 | 4 {
  return value === 1 || value === 3 || value === 4;
}

/**
 * The tensors that are asked for, or all of them.
 *
 * @throws ServiceError `INVALID_REQUEST` naming the outputs that there are.
 */
export function outputsFor(
  detector: Detector,
  scores: readonly Score[],
  { outputs, binary }: ReadInferRequest,
): { tensor: OutputTensor; binary: boolean }[] {
  const described = outputsOf(detector);
  return (outputs ?? described.map(({ name }) => ({ name, binary }))).map(({ name, binary: asBytes }) => {
    const output = described.find((each) => each.name === name);
    if (output === undefined)
      throw new ServiceError(
        "INVALID_REQUEST",
        `The model has no output ${JSON.stringify(name)}; it has ${described.map((each) => each.name).join(", ")}.`,
      );
    const rest = name === "map" ? mapSize(scores) : [];
    return {
      binary: asBytes,
      tensor: { ...output, shape: [scores.length, ...rest], values: valuesOf(name, scores) },
    };
  });
}

/** @throws ServiceError `INVALID_REQUEST` for maps that do not fit into one tensor. */
function mapSize(scores: readonly Score[]): [height: number, width: number] {
  const { height, width } = scores[0]!.map;
  if (scores.every(({ map }) => map.height === height && map.width === width)) return [height, width];
  throw new ServiceError(
    "INVALID_REQUEST",
    "The images have maps of different sizes, which do not fit into one tensor. Send them one by one, or leave out map.",
  );
}

function valuesOf(name: string, scores: readonly Score[]): OutputTensor["values"] {
  if (name === "verdict") return scores.map(({ verdict }) => String(verdict));
  if (name === "p_value") return scores.map(({ pValue }) => pValue!);
  if (name === "score") return scores.map(({ score }) => score);
  const length = scores[0]!.map.data.length;
  const maps = new Float32Array(scores.length * length);
  scores.forEach(({ map }, index) => maps.set(map.data, index * length));
  return maps;
}
