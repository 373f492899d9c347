import { invalid, record } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { modelOptions, type ModelDescription } from "../options/model.js";
import { newestVersion } from "../options/option.js";
import { trainingOptions } from "../options/training.js";
import type { SafetensorsFile } from "../safetensors/reader.js";
import { version as packageVersion } from "../version.js";
import { readModelDescription, readTrainingDescription, type TrainingDescription } from "./description.js";
import { hashMetadata, type ModelHashes } from "./hash.js";

/** The metadata of a model file, as docs/model-format.md has them. */
const format = "reverse-distillation";

/** Version of the format. It rises when an older reader would misread a file, as with each new stored option. */
export const formatVersion = Math.max(2, newestVersion(modelOptions, trainingOptions));

/** What a model file says of itself. */
export interface ModelMetadata {
  /** Version of the format that the file has. */
  version: number;
  /** The program that wrote it, and its version. */
  createdBy: string;
  model: ModelDescription;
  /** The same as JSON text, as it goes into the hash of the model. */
  modelText: string;
  /** null for a detector that was made from a checkpoint. */
  training: TrainingDescription | null;
  /** Whether the teacher's tensors are in the file; otherwise `hashes` say which they are. */
  teacherIncluded: boolean;
  /** null in files of version 1, which have none. */
  hashes: ModelHashes | null;
}

/** What is told of a detector when it is written. */
export interface ModelFileContent {
  model: ModelDescription;
  training: TrainingDescription | null;
  teacherIncluded: boolean;
  hashes: ModelHashes;
}

/** A description as the text that is stored and hashed. */
export function describeModel(model: ModelDescription): string {
  // Read, its fields have one order, whoever made the object.
  return JSON.stringify(readModelDescription(model, formatVersion));
}

/** The metadata of a file of the present version. */
export function encodeMetadata({
  model,
  training,
  teacherIncluded,
  hashes,
}: ModelFileContent): Record<string, string> {
  const metadata = {
    format,
    format_version: String(formatVersion),
    created_by: `reverse-distillation ${packageVersion}`,
    model: describeModel(model),
    training: JSON.stringify(training),
    teacher: JSON.stringify({ included: teacherIncluded, sha256: hashes.teacher }),
    model_sha256: hashes.model,
  };
  return { ...metadata, content_sha256: hashMetadata(metadata) };
}

/**
 * Reads and checks the metadata of a model file of this version of the format or an older one.
 *
 * @throws ReverseDistillationError `INVALID_FILE` if it is of another kind, damaged, or of a newer version.
 */
export function readMetadata(file: SafetensorsFile): ModelMetadata {
  const version = readVersion(file);
  const { path, metadata } = file;
  if (version > 1) requireContentHash(path, metadata);
  const teacher = version > 1 ? readJson(file, "teacher", readTeacher) : undefined;
  return {
    version,
    createdBy: metadata.created_by ?? "an unknown program",
    model: readJson(file, "model", (value) => readModelDescription(value, version)),
    modelText: metadata.model!,
    training: readJson(file, "training", (value) => readTrainingDescription(value, version)),
    teacherIncluded: teacher?.included ?? true,
    hashes: teacher === undefined ? null : { teacher: teacher.sha256, model: readModelHash(path, metadata) },
  };
}

function readVersion({ path, metadata, tensors }: SafetensorsFile): number {
  if (metadata.format !== format) {
    const remedy = tensors.has("layer1.0.conv1.weight")
      ? "It looks like weights of a teacher: give it to train() as the option weights."
      : "Give a file that Detector.save() or `reverse-distillation train` wrote.";
    throw invalidFile(path, `is a safetensors file, but not of a detector. ${remedy}`);
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
  const stated = expected === undefined ? "it states none" : `it states ${expected}`;
  throw invalidFile(
    path,
    `is damaged, or its metadata were changed: their SHA-256 is ${found}, but ${stated} (content_sha256).`,
  );
}

function readModelHash(path: string, { model_sha256: hash }: Readonly<Record<string, string>>): string {
  if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return hash;
  throw invalidFile(path, "is damaged: its metadata has no valid model_sha256.");
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
    throw invalidFile(path, `is damaged: "${key}" in its metadata cannot be used: ${reason}`, error);
  }
}
