import { readCalibration, type StoredCalibration } from "../calibration/calibration.js";
import { checkThresholds, type Thresholds } from "../calibration/thresholds.js";
import { invalid, record } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { shortDigestBytes } from "../image/digest.js";
import { modelOptions, type ModelDescription } from "../options/model.js";
import { neededVersion, newestVersion, storedNames } from "../options/option.js";
import { trainingOptions } from "../options/training.js";
import { readQuantisation, type Quantisation } from "./quantisation.js";
import type { SafetensorsFile } from "../safetensors/reader.js";
import { version as packageVersion } from "../version.js";
import { readModelDescription, readTrainingDescription, type TrainingDescription } from "./description.js";
import { hashMetadata, type ModelHashes } from "./hash.js";

/** The metadata `format` of every model file; docs/model-format.md describes the metadata. */
const format = "reverse-distillation";

/** The metadata `format` of the checkpoints of trainings. */
export const trainingFormat = "reverse-distillation-training";

/** The first version of the format with a calibration and thresholds. */
const calibratedVersion = 4;

/** The first version of the format with a quantisation, and with calibrations in 8 bits. */
const quantisedVersion = 7;

/**
 * The newest version of the format. It increases whenever an older reader would misread a file, so also with each new
 * stored option. A file has the lowest version from 2 on that can store its options, so that older readers can read it.
 */
export const formatVersion = Math.max(quantisedVersion, newestVersion(modelOptions, trainingOptions));

/** What a model file says about itself. */
export interface ModelMetadata {
  /** Version of the file's format. */
  version: number;
  /** The program that wrote the file, and its version. */
  createdBy: string;
  model: ModelDescription;
  /** The same as JSON text, which is part of the hash of the model. */
  modelText: string;
  /** null for a detector that was made from a checkpoint. */
  training: TrainingDescription | null;
  /** The scores of good images and the rates that thresholds were calibrated for. */
  calibration?: StoredCalibration | undefined;
  /** Thresholds that were set by hand. */
  thresholds?: Thresholds | undefined;
  /** What scoring in 8 bits needs, if the detector was quantised. */
  quantisation?: Quantisation | undefined;
  /** Short digests of the training images, if they are known. */
  trained?: readonly string[] | undefined;
  /** Whether the file contains the teacher's tensors; if not, `hashes.teacher` identifies them. */
  teacherIncluded: boolean;
  /** null in files of version 1, which have no hashes. */
  hashes: ModelHashes | null;
}

/** What the metadata of a new file are made from. */
export type ModelFileContent = Pick<
  ModelMetadata,
  "model" | "training" | "calibration" | "thresholds" | "quantisation" | "trained" | "teacherIncluded"
> & { hashes: ModelHashes };

/** A description as the text that is stored and hashed. */
export function describeModel(model: ModelDescription): string {
  const version = neededVersion(modelOptions, { ...model });
  // Older readers refuse the names of newer options, also with the values that they stand for.
  const names = new Set(storedNames(modelOptions, version));
  const known = (value: object) => Object.entries(value).filter(([name]) => names.has(name));
  // Reading puts the fields into a fixed order, whoever made the object.
  return JSON.stringify(
    Object.fromEntries(known(readModelDescription(Object.fromEntries(known(model)), version))),
  );
}

/** A training as text, without options that files of this version lack. Their values are then what the lack stands for. */
function describeTraining(training: TrainingDescription | null, version: number): string {
  if (training === null) return "null";
  const names = new Set(storedNames(trainingOptions, version));
  const isKnown = (name: string) => !(name in trainingOptions) || names.has(name);
  return JSON.stringify(Object.fromEntries(Object.entries(training).filter(([name]) => isKnown(name))));
}

function versionOf({
  model,
  training,
  calibration,
  thresholds,
  quantisation,
}: Pick<ModelFileContent, "model" | "training" | "calibration" | "thresholds" | "quantisation">): number {
  return Math.max(
    calibration === undefined && thresholds === undefined ? 2 : calibratedVersion,
    quantisation === undefined && calibration?.precision === undefined ? 2 : quantisedVersion,
    neededVersion(modelOptions, { ...model }),
    training === null ? 2 : neededVersion(trainingOptions, { ...training }),
  );
}

/** The metadata of a file in the current version of the format. */
export function encodeMetadata(content: ModelFileContent): Record<string, string> {
  const { model, training, calibration, thresholds, quantisation, trained, teacherIncluded, hashes } =
    content;
  const metadata = {
    format,
    format_version: String(versionOf(content)),
    created_by: `reverse-distillation ${packageVersion}`,
    model: describeModel(model),
    training: describeTraining(training, versionOf(content)),
    ...(calibration && { calibration: JSON.stringify(calibration) }),
    ...(thresholds && { thresholds: JSON.stringify(thresholds) }),
    ...(quantisation && { quantisation: JSON.stringify(quantisation) }),
    ...(trained && { image_digests: trained.join("") }),
    teacher: JSON.stringify({ included: teacherIncluded, sha256: hashes.teacher }),
    model_sha256: hashes.model,
  };
  return { ...metadata, content_sha256: hashMetadata(metadata) };
}

/**
 * Reads and checks the metadata of a model file in this version of the format or an older one.
 *
 * @throws ReverseDistillationError `INVALID_FILE` if it is not a model file, is damaged, or has a newer version.
 */
export function readMetadata(file: SafetensorsFile): ModelMetadata {
  const version = readVersion(file);
  const { path, metadata } = file;
  if (version > 1) requireContentHash(path, metadata);
  const teacher = version > 1 ? readJson(file, "teacher", readTeacher) : undefined;
  const since = <T>(first: number, key: string, read: (value: unknown) => T) =>
    version >= first && metadata[key] !== undefined ? readJson(file, key, read) : undefined;
  return {
    version,
    createdBy: metadata.created_by ?? "an unknown program",
    model: readJson(file, "model", (value) => readModelDescription(value, version)),
    modelText: metadata.model!,
    training: readJson(file, "training", (value) => readTrainingDescription(value, version)),
    calibration: since(calibratedVersion, "calibration", readCalibration),
    thresholds: since(calibratedVersion, "thresholds", (value) => checkThresholds(value, null)),
    quantisation: since(quantisedVersion, "quantisation", readQuantisation),
    trained: readDigests(path, metadata),
    teacherIncluded: teacher?.included ?? true,
    hashes: teacher === undefined ? null : { teacher: teacher.sha256, model: readModelHash(path, metadata) },
  };
}

function readVersion({ path, metadata, tensors }: SafetensorsFile): number {
  if (metadata.format !== format) {
    const remedy =
      metadata.format === trainingFormat
        ? "It is a checkpoint of a training: resume it with train() and the option resume (--resume)."
        : tensors.has("layer1.0.conv1.weight")
          ? "It looks like a teacher's weights: pass it to train() as the option weights."
          : "Pass a file that Detector.save() or `reverse-distillation train` wrote.";
    throw invalidFile(path, `is a safetensors file, but does not contain a detector. ${remedy}`);
  }
  const found = metadata.format_version;
  if (found === undefined || !/^[1-9]\d*$/.test(found)) {
    throw invalidFile(path, `is damaged: its metadata has no valid format_version.`);
  }
  if (Number(found) > formatVersion) {
    throw invalidFile(
      path,
      `has version ${found} of the model format; reverse-distillation ${packageVersion} reads versions up to ` +
        `${formatVersion}. Install a newer reverse-distillation.`,
    );
  }
  return Number(found);
}

function requireContentHash(path: string, metadata: Readonly<Record<string, string>>): void {
  const expected = metadata.content_sha256;
  const found = hashMetadata(metadata);
  if (expected === found) return;
  const stated = expected === undefined ? "is missing" : `is ${expected}`;
  throw invalidFile(
    path,
    `is damaged, or its metadata were changed: their SHA-256 is ${found}, but content_sha256 ${stated}.`,
  );
}

function readModelHash(path: string, { model_sha256: hash }: Readonly<Record<string, string>>): string {
  if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return hash;
  throw invalidFile(path, "is damaged: its metadata has no valid model_sha256.");
}

function readDigests(
  path: string,
  { image_digests: digests }: Readonly<Record<string, string>>,
): string[] | undefined {
  if (digests === undefined) return undefined;
  const length = 2 * shortDigestBytes;
  if (digests.length % length !== 0 || !/^[0-9a-f]*$/.test(digests))
    throw invalidFile(path, "is damaged: its metadata has no valid image_digests.");
  return Array.from({ length: digests.length / length }, (_, i) =>
    digests.slice(i * length, (i + 1) * length),
  );
}

function readTeacher(value: unknown): { included: boolean; sha256: string } {
  const { included, sha256 } = record("teacher", value, ["included", "sha256"]);
  if (typeof included !== "boolean") throw invalid("included", "true or false", included);
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw invalid("sha256", "64 hexadecimal digits", sha256);
  }
  return { included, sha256 };
}

function readJson<T>({ path, metadata }: SafetensorsFile, key: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(metadata[key] ?? ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidFile(path, `is damaged: "${key}" in its metadata is invalid: ${reason}`, error);
  }
}
