import { createHash, webcrypto } from "node:crypto";
import { ReverseDistillationError } from "../errors/error.js";
import { integer, invalid, record } from "../errors/validate.js";
import { previousOf } from "../files/atomic-file.js";
import { invalidFile } from "../files/invalid-file.js";
import { printable } from "../files/system-path.js";
import type { ModelDescription } from "../options/model.js";
import { omitOptions, readStored, storedNames, type StoredOptions } from "../options/option.js";
import { trainingPrecisionOptions } from "../options/precision.js";
import { trainingOptions, type Epochs } from "../options/training.js";
import { SafetensorsFile } from "../safetensors/reader.js";
import { writeSafetensors } from "../safetensors/writer.js";
import type { NamedTensor } from "../tensor/named-tensor.js";
import { version as packageVersion } from "../version.js";
import { readModelDescription } from "./description.js";
import { hashMetadata } from "./hash.js";
import { describeModel, formatVersion, trainingFormat } from "./metadata.js";

/** The options of a training that its checkpoints must agree on, besides those of the model. */
export const checkpointedOptions = {
  ...omitOptions(trainingOptions, "epochs"),
  ...trainingPrecisionOptions,
};

/** What identifies a training: it is only resumed with the same. */
export interface TrainingIdentity {
  model: ModelDescription;
  options: StoredOptions<typeof checkpointedOptions>;
  /** Hash of the teacher's tensors, and the name of their file; null if the teacher is random. */
  teacherSha256: string;
  teacherWeights: string | null;
  images: number;
  imagesSha256: string;
}

/** What a training ran on. Different values change its result by rounding. */
export interface TrainingMachine {
  device: string;
  threads: number;
  package: string;
  libtorch: string;
}

/** How far a training has come. */
export interface CheckpointedProgress {
  /** Epochs that have ended, and batches done since. */
  epochs: number;
  batches: number;
  /** Whether the training was finished, and the option `epochs`. */
  finished: boolean;
  of: Epochs;
  /** Time that it took so far. */
  seconds: number;
}

/** What a checkpoint says about its training. */
export interface CheckpointDescription {
  identity: TrainingIdentity;
  machine: TrainingMachine;
  progress: CheckpointedProgress;
}

/** A checkpoint that was read. */
export interface TrainingCheckpoint extends CheckpointDescription {
  path: string;
  /** For `NativeModel.beginTraining`. */
  state: NamedTensor[];
  /** The losses of the epochs that have ended. */
  losses: number[];
}

/**
 * Writes a checkpoint (docs/model-format.md), atomically. The checkpoint before it is kept; see `previousOf`.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED`
 */
export async function writeTrainingCheckpoint(
  path: string,
  { identity, machine, progress }: CheckpointDescription,
  state: readonly NamedTensor[],
  signal?: AbortSignal,
): Promise<void> {
  const { model, options, ...rest } = identity;
  const metadata = {
    format: trainingFormat,
    format_version: String(formatVersion),
    created_by: `reverse-distillation ${packageVersion}`,
    model: describeModel(model),
    training: JSON.stringify({ ...options, ...rest }),
    machine: JSON.stringify(machine),
    progress: JSON.stringify(progress),
    state_sha256: await hashState(state),
  };
  const hashed = { ...metadata, content_sha256: hashMetadata(metadata) };
  await writeSafetensors(path, state, hashed, signal, { keepPrevious: true });
}

/**
 * Reads the checkpoint at a path, or the previous one if it does not exist or is damaged. A process warning says if a
 * damaged one was passed over.
 *
 * @returns undefined if there is none.
 * @throws ReverseDistillationError `INVALID_FILE` if it is damaged and there is no previous one, or if it is no
 * checkpoint; `IO`, `ABORTED`
 */
export async function findTrainingCheckpoint(
  path: string,
  signal?: AbortSignal,
): Promise<TrainingCheckpoint | undefined> {
  const previous = await previousOf(path);
  try {
    return (await readIfAny(path, signal)) ?? (await readIfAny(previous, signal));
  } catch (error) {
    if (!isCode(error, "INVALID_FILE")) throw error;
    const found = await readIfAny(previous, signal).catch(() => undefined);
    if (found === undefined) {
      const remedy =
        `There is no valid ${printable(previous)} to use instead. If this was a checkpoint, delete it to start from ` +
        "the beginning; otherwise choose another path.";
      throw new ReverseDistillationError("INVALID_FILE", `${(error as Error).message} ${remedy}`, {
        cause: error,
      });
    }
    process.emitWarning(
      `The training resumes from the previous checkpoint, ${printable(previous)}, because ${(error as Error).message}`,
      { type: "ReverseDistillationWarning", code: "DAMAGED_CHECKPOINT" },
    );
    return found;
  }
}

async function readIfAny(path: string, signal?: AbortSignal): Promise<TrainingCheckpoint | undefined> {
  try {
    return await readTrainingCheckpoint(path, signal);
  } catch (error) {
    if (isCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function readTrainingCheckpoint(path: string, signal?: AbortSignal): Promise<TrainingCheckpoint> {
  const file = await SafetensorsFile.open(path, signal);
  try {
    const description = readDescription(file);
    const state: NamedTensor[] = [];
    for (const entry of file.tensors.values()) state.push(await file.read(entry));
    const found = await hashState(state);
    const expected = file.metadata.state_sha256;
    if (found !== expected) {
      throw invalidFile(
        path,
        `is damaged: the SHA-256 of its tensors is ${found}, but state_sha256 is ${expected}.`,
      );
    }
    return { path, ...description, state, losses: lossesIn(path, state) };
  } finally {
    await file.close();
  }
}

function readDescription({ path, metadata }: SafetensorsFile): CheckpointDescription {
  if (metadata.format !== trainingFormat) {
    throw invalidFile(path, "is not a checkpoint of a training.");
  }
  const version = Number(metadata.format_version);
  if (!Number.isInteger(version) || version > formatVersion) {
    throw invalidFile(
      path,
      `has version ${metadata.format_version} of the format; reverse-distillation ${packageVersion} reads versions up ` +
        `to ${formatVersion}. Install a newer reverse-distillation.`,
    );
  }
  const hash = hashMetadata(metadata);
  if (hash !== metadata.content_sha256) {
    throw invalidFile(
      path,
      `is damaged: the SHA-256 of its metadata is ${hash}, but content_sha256 is ${metadata.content_sha256}.`,
    );
  }
  try {
    const json = (key: string) => JSON.parse(metadata[key] ?? "") as unknown;
    return {
      identity: {
        model: readModelDescription(json("model"), version),
        ...readTraining(json("training"), version),
      },
      machine: readMachine(json("machine")),
      progress: readProgress(json("progress")),
    };
  } catch (error) {
    throw invalidFile(path, `is damaged: its metadata are invalid: ${(error as Error).message}`, error);
  }
}

function readTraining(value: unknown, version: number): Omit<TrainingIdentity, "model"> {
  const own = ["teacherSha256", "teacherWeights", "images", "imagesSha256"];
  const given = record("training", value, [...storedNames(checkpointedOptions, version), ...own]);
  return {
    options: readStored(checkpointedOptions, given, version),
    teacherSha256: text("teacherSha256", given.teacherSha256),
    teacherWeights: given.teacherWeights === null ? null : text("teacherWeights", given.teacherWeights),
    images: integer("images", given.images, 1, Number.MAX_SAFE_INTEGER),
    imagesSha256: text("imagesSha256", given.imagesSha256),
  };
}

function readMachine(value: unknown): TrainingMachine {
  const given = record("machine", value, ["device", "threads", "package", "libtorch"]);
  return {
    device: text("device", given.device),
    threads: integer("threads", given.threads, 0, Number.MAX_SAFE_INTEGER),
    package: text("package", given.package),
    libtorch: text("libtorch", given.libtorch),
  };
}

function readProgress(value: unknown): CheckpointedProgress {
  const given = record("progress", value, ["epochs", "batches", "finished", "of", "seconds"]);
  const count = (name: string) => integer(name, given[name], 0, Number.MAX_SAFE_INTEGER);
  if (typeof given.finished !== "boolean") throw invalid("finished", "true or false", given.finished);
  if (typeof given.seconds !== "number") throw invalid("seconds", "a number", given.seconds);
  return {
    epochs: count("epochs"),
    batches: count("batches"),
    finished: given.finished,
    of: trainingOptions.epochs.kind.check("of", given.of),
    seconds: given.seconds,
  };
}

function text(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(name, "a text", value);
}

/** SHA-256 of a state: for each tensor, in the order of their names, a line about it and the SHA-256 of its bytes. */
async function hashState(state: readonly NamedTensor[]): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, dtype, shape, data } of [...state].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    // Off the event loop.
    const bytes = await webcrypto.subtle.digest("SHA-256", data);
    hash.update(`${name} ${dtype} ${shape.join("x")}\n`).update(new Uint8Array(bytes));
  }
  return hash.digest("hex");
}

function lossesIn(path: string, state: readonly NamedTensor[]): number[] {
  const found = state.find(({ name, dtype }) => name === "losses" && dtype === "F64");
  if (found === undefined) throw invalidFile(path, "is damaged: it has no losses.");
  const { buffer, byteOffset, byteLength } = found.data;
  return [...new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))];
}

function isCode(error: unknown, code: ReverseDistillationError["code"]): boolean {
  return error instanceof ReverseDistillationError && error.code === code;
}
