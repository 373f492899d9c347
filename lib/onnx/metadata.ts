import { checkThresholds, type Thresholds } from "../calibration/thresholds.js";
import { invalid } from "../errors/validate.js";
import { graphOptions, type ExportInput } from "../options/export.js";
import { modelOptions, type Fit, type ModelDescription } from "../options/model.js";
import { readEntries, toEntries, type StoredOptions } from "../options/option.js";
import { version } from "../version.js";

/** The options that decide on a graph. */
export type GraphDescription = StoredOptions<typeof graphOptions>;

/** The metadata of an export: what the detector computes, and how to run the graph. */
export interface ExportDescription extends ModelDescription, GraphDescription {
  /** The thresholds that were in force, if there were any. */
  thresholds?: Thresholds | undefined;
  /** Hash of the detector that was exported. */
  modelSha256: string;
}

/** The keys of thresholds. */
const thresholdKeys = {
  reject: "reject_threshold",
  review: "review_threshold",
  outline: "outline_threshold",
} as const satisfies Record<keyof Thresholds, string>;

/** The metadata of an export as texts, for the model's `metadata_props`. */
export function exportMetadata(
  model: ModelDescription,
  graph: GraphDescription,
  thresholds: Thresholds | null,
  modelSha256: string,
): Record<string, string> {
  return {
    created_by: `reverse-distillation ${version}`,
    ...toEntries(modelOptions, model),
    preprocessing: preprocessingOf(graph.input, model),
    ...toEntries(graphOptions, graph),
    ...(thresholds && thresholdEntries(thresholds)),
    model_sha256: modelSha256,
  };
}

function thresholdEntries(thresholds: Thresholds): Record<string, string> {
  const entries = Object.entries(thresholdKeys) as [keyof Thresholds, string][];
  return Object.fromEntries(entries.map(([name, key]) => [key, String(thresholds[name])]));
}

function readThresholds(metadata: ReadonlyMap<string, string>): Thresholds | undefined {
  const found = Object.entries(thresholdKeys).map(([name, key]) => [name, metadata.get(key)] as const);
  if (found.every(([, text]) => text === undefined)) return undefined;
  const numbers = found.map(([name, text]) => [name, text === undefined ? text : Number(text)]);
  return checkThresholds(Object.fromEntries(numbers), null);
}

const fitted: Record<Fit, string> = {
  stretch: "resized to height x width",
  pad: "resized to fit into height x width with its proportions, centred, and continued to the edges by its outermost pixels, with its own height and width as the input sizes,",
  crop: "cropped to the proportions of height x width at its centre, and resized to it",
};

const tiled = "resized by height and width over the size of a tile, and cut into tiles of height x width,";

/** Summarises docs/preprocessing.md in one sentence. */
function preprocessingOf(input: ExportInput, { fit, tiles }: ModelDescription): string {
  const what = tiles === undefined ? fitted[fit] : tiled;
  const resized =
    `RGB from 0 to 255 (8 bits, or levels from black to white), ${what} with an antialiased bilinear filter, as in ` +
    "PIL and torchvision";
  return input === "uint8"
    ? `${resized}; the graph includes the normalisation`
    : `${resized}; then normalised to float32 [3, height, width]: "imagenet" is (value / 255 - mean) / deviation ` +
        'with mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225; "none" is value / 255';
}

/**
 * Reads metadata written by {@link exportMetadata}.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if a value is missing or not allowed.
 */
export function readExportMetadata(metadata: ReadonlyMap<string, string>): ExportDescription {
  const modelSha256 = metadata.get("model_sha256");
  if (modelSha256 === undefined) throw invalid("model_sha256", "64 hexadecimal digits", modelSha256);
  const thresholds = readThresholds(metadata);
  return {
    ...readEntries(modelOptions, metadata),
    ...readEntries(graphOptions, metadata),
    ...(thresholds && { thresholds }),
    modelSha256,
  };
}
