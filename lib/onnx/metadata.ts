import { integer, invalid, oneOf } from "../errors/validate.js";
import { exportInputs, type ExportInput, type ResolvedExportOptions } from "../options/export.js";
import { imageSize, normalisations, type ModelDescription, type Normalisation } from "../options/model.js";
import { storagePrecisions, type StoragePrecision } from "../options/storage.js";
import { version } from "../version.js";

/** What an export tells of the running of it. */
export interface ExportDescription {
  input: ExportInput;
  batch: number | "dynamic";
  precision: StoragePrecision;
  imageSize: [height: number, width: number];
  normalisation: Normalisation;
  /** Hash of the detector that it was made from. */
  modelSha256: string;
}

/** What an export says of itself, in the model's `metadata_props`: names and texts. */
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

/** The definition of docs/preprocessing.md in a sentence. */
function preprocessingOf(input: ExportInput): string {
  const resized =
    "RGB of 8 bits, resized to height x width by an antialiased bilinear filter, as PIL and torchvision do it";
  return input === "uint8"
    ? `${resized}; the normalisation is part of the graph`
    : `${resized}; then normalised to float32 planes [3, height, width]: "imagenet" is (value / 255 - mean) / deviation, ` +
        'mean 0.485, 0.456, 0.406, deviation 0.229, 0.224, 0.225, "none" is value / 255';
}

/**
 * Reads what {@link exportMetadata} made.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is missing or not allowed.
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
