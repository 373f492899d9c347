import { integer, invalid, oneOf } from "../errors/validate.js";
import { exportInputs, type ExportInput, type ResolvedExportOptions } from "../options/export.js";
import { imageSize, normalisations, type ModelDescription, type Normalisation } from "../options/model.js";
import { storagePrecisions, type StoragePrecision } from "../options/storage.js";
import { version } from "../version.js";

/** What is needed to run an export. */
export interface ExportDescription {
  input: ExportInput;
  batch: number | "dynamic";
  precision: StoragePrecision;
  imageSize: [height: number, width: number];
  normalisation: Normalisation;
  /** Hash of the detector that was exported. */
  modelSha256: string;
}

/** The metadata of an export, for the model's `metadata_props`. */
export function exportMetadata(
  { imageSize: [height, width], layers, sigma, ...model }: ModelDescription,
  { precision, input, batch }: Pick<ResolvedExportOptions, "precision" | "input" | "batch">,
  modelSha256: string,
): Record<string, string> {
  return {
    created_by: `reverse-distillation ${version}`,
    backbone: model.backbone,
    layout: model.layout,
    layers: layers.join(","),
    combine: model.combine,
    sigma: String(sigma),
    height: String(height),
    width: String(width),
    normalisation: model.normalisation,
    preprocessing: preprocessingOf(input),
    input,
    batch: String(batch),
    precision,
    model_sha256: modelSha256,
  };
}

/** Summarises docs/preprocessing.md in one sentence. */
function preprocessingOf(input: ExportInput): string {
  const resized =
    "8-bit RGB, resized to height x width with an antialiased bilinear filter, as in PIL and torchvision";
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
  const batch = metadata.get("batch");
  const modelSha256 = metadata.get("model_sha256");
  if (modelSha256 === undefined) throw invalid("model_sha256", "64 hexadecimal digits", modelSha256);
  return {
    input: oneOf("input", metadata.get("input"), exportInputs),
    batch: batch === "dynamic" ? batch : integer("batch", Number(batch), 1, 65_536),
    precision: oneOf("precision", metadata.get("precision"), storagePrecisions),
    imageSize: imageSize("height and width", [Number(metadata.get("height")), Number(metadata.get("width"))]),
    normalisation: oneOf("normalisation", metadata.get("normalisation"), normalisations),
    modelSha256,
  };
}
