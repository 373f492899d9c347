import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { notCalibrated } from "../calibration/not-calibrated.js";
import type { Thresholds } from "../calibration/thresholds.js";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { requireWritablePlace, writeAtomically } from "../files/atomic-file.js";
import { requireSeparate, type NamedFile } from "../files/outputs.js";
import type { DetectorTensors } from "../model-file/detector-tensors.js";
import { hashModel } from "../model-file/hash.js";
import { describeModel } from "../model-file/metadata.js";
import type { ResolvedExportOptions } from "../options/export.js";
import type { ModelDescription } from "../options/model.js";
import { version } from "../version.js";
import { buildDetectorGraph } from "./detector-graph.js";
import { dataFileName, dataFilesOf, ExternalData, removeStaleData } from "./external-data.js";
import { exportMetadata } from "./metadata.js";
import { ModelWriter } from "./model-writer.js";
import { ModelProtoSchema, type ModelProto } from "./proto/onnx_pb.js";

/** The operator set and the format version that came with it. Runtimes have supported them since 2023. */
const opset = 18;
const irVersion = 8;

/**
 * Writes a detector as an ONNX model, atomically. If the weights go to a separate file, the old model and its data
 * stay until the new pair is complete.
 *
 * @param inputs Files that must not be overwritten.
 * @returns the paths of the model and of its data file, if there is one.
 * @throws ReverseDistillationError `NOT_CALIBRATED` if a verdict is asked for and there are no thresholds;
 * `INVALID_ARGUMENT` if the weights are too large for float16, or if the model or an
 * old data file is one of the inputs; `NOT_FOUND` if the folder does not exist, `IO`, `ABORTED`.
 */
export async function writeOnnx(
  path: string,
  { model, thresholds }: { model: ModelDescription; thresholds: Thresholds | null },
  tensors: DetectorTensors,
  { externalDataThreshold, signal, ...options }: ResolvedExportOptions,
  inputs: readonly NamedFile[] = [],
): Promise<string[]> {
  if (options.verdict && thresholds === null) throw notCalibrated("The detector");
  requireFixedInterest(model);
  if (options.verdict) requireWholeImages(model);
  await requireWritablePlace(path);
  const data = (await dataFilesOf(path)).map((each) => ({ name: "the export's data file", path: each }));
  await requireSeparate([{ name: "the export", path }, ...data], inputs);
  throwIfAborted(signal);
  const { graph, initializers } = buildDetectorGraph({ model, thresholds, tensors, ...options });
  const { model: modelSha256 } = await hashModel(describeModel(model), tensors, signal);
  const metadata = exportMetadata(model, options, thresholds, modelSha256);
  const proto = describeProto(metadata);

  const whole = new ModelWriter(proto, graph, initializers);
  if (whole.byteLength <= externalDataThreshold) {
    await writeAtomically(path, (file) => whole.write(file, signal));
    await removeStaleData(path);
    return [path];
  }
  const dataName = dataFileName(path, JSON.stringify([metadata, opset]));
  const dataPath = join(dirname(path), dataName);
  const external = new ExternalData(initializers, dataName);
  const writer = new ModelWriter(proto, graph, initializers, external.places);
  const isNew = !existsSync(dataPath);
  await writeAtomically(dataPath, (file) => external.write(file, signal));
  try {
    await writeAtomically(path, (file) => writer.write(file, signal));
  } catch (error) {
    if (isNew) await rm(dataPath, { force: true });
    throw error;
  }
  await removeStaleData(path, dataName);
  return [path, dataPath];
}

/** A graph knows images at the model's size only, so it must know where in them the region of interest is. */
function requireFixedInterest({ roi, fit, tiles }: ModelDescription): void {
  if (roi === undefined || (fit === "stretch" && tiles === undefined)) return;
  const how = tiles === undefined ? `the fit "${fit}"` : "tiles";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `A detector with a region of interest and ${how} cannot be exported: where the region is in the input depends on the ` +
      `image. Train ${tiles === undefined ? 'with the fit "stretch"' : "without one of them"}.`,
  );
}

/** A graph sees one tile, and a verdict is about an image. */
function requireWholeImages({ tiles }: ModelDescription): void {
  if (tiles === undefined) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    "The export of a detector with tiles cannot give verdicts: it sees one tile at a time, and a verdict is about the map of " +
      "the whole image. Export without verdict, and compare the largest value of that map with the thresholds in the metadata.",
  );
}

function describeProto(metadata: Readonly<Record<string, string>>): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: "reverse-distillation",
    producerVersion: version,
    docString: "Anomaly detection by reverse distillation (Deng & Li, CVPR 2022).",
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}
