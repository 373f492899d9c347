import { ReverseDistillationError } from "./errors.js";
import * as check from "./model-options.js";
import type {
  Backbone,
  Combine,
  Layout,
  Loss,
  NamedTensor,
  NativeModel,
  Normalisation,
  Part,
} from "./native/addon.js";
import { invalidFile } from "./safetensors/header.js";
import { SafetensorsFile } from "./safetensors/reader.js";
import { writeSafetensors } from "./safetensors/writer.js";
import { compareTensors, describeDifference } from "./tensor-match.js";
import { integer, positive, record } from "./validate.js";
import { version } from "./version.js";

/**
 * A detector as one safetensors file: the tensors of the teacher, the bottleneck and the decoder as
 * `teacher.*`, `bn.*` and `decoder.*`, and in the metadata `format`, `format_version`, `created_by`,
 * and as JSON `model` and `training`, null for a detector that was made from a checkpoint.
 */
const format = "reverse-distillation";

/** Version of the file's format: one more whenever an older reader would misread it. */
const formatVersion = 1;

const parts = ["teacher", "bn", "decoder"] as const satisfies readonly Part[];

/** What a detector computes, whatever the device. */
export interface ModelDescription {
  backbone: Backbone;
  layout: Layout;
  /** Scales that count, ascending. */
  layers: check.Layer[];
  combine: Combine;
  /** Standard deviation of the map's smoothing, in pixels of the map. */
  sigma: number;
  /** Size that images are brought to, and that of the maps, in pixels. */
  imageSize: [height: number, width: number];
  /** What becomes of pixels before the networks see them: see `TrainOptions.normalisation`. */
  normalisation: Normalisation;
}

/** How a detector came about. */
export interface TrainingDescription {
  /** Images that it was trained on. */
  images: number;
  epochs: number;
  /** Images a step, as it was used: never more than `images`. */
  batchSize: number;
  learningRate: number;
  loss: Loss;
  seed: number;
  /** Name of the file that the teacher's weights came from; null if the teacher is random. */
  teacherWeights: string | null;
}

/** A model file that is open: described, not yet read. */
export interface OpenedModelFile {
  model: ModelDescription;
  training: TrainingDescription | null;
  /** Reads all weights into a model made from `model`. */
  readInto(target: NativeModel): Promise<void>;
  close(): Promise<void>;
}

/** Writes a detector, atomically. @throws ReverseDistillationError `NOT_FOUND`, `IO`, `ABORTED` */
export async function writeModelFile(
  path: string,
  source: NativeModel,
  model: ModelDescription,
  training: TrainingDescription | null,
  signal?: AbortSignal,
): Promise<void> {
  const metadata = {
    format,
    format_version: String(formatVersion),
    created_by: `reverse-distillation ${version}`,
    model: JSON.stringify(model),
    training: JSON.stringify(training),
  };
  await writeSafetensors(path, allTensors(source), metadata, signal);
}

/**
 * Opens a model file and checks its metadata.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, or `INVALID_FILE` if it is damaged, of another
 * kind, or of a newer version of the format than this package knows.
 */
export async function openModelFile(path: string): Promise<OpenedModelFile> {
  const file = await SafetensorsFile.open(path);
  try {
    requireFormat(file);
    const model = readJson(file, "model", readModel);
    const training = readJson(file, "training", readTraining);
    const readInto = (target: NativeModel) => readWeights(file, target);
    return { model, training, readInto, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function requireFormat({ path, metadata, tensors }: SafetensorsFile): void {
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
      `has version ${found} of the model format; reverse-distillation ${version} reads versions up to ` +
        `${formatVersion}. Install a newer reverse-distillation.`,
    );
  }
}

function readJson<T>({ path, metadata }: SafetensorsFile, key: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(metadata[key] ?? ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidFile(path, `is damaged: "${key}" in its metadata cannot be used: ${reason}`, error);
  }
}

function readModel(value: unknown): ModelDescription {
  const names = ["backbone", "layout", "layers", "combine", "sigma", "imageSize", "normalisation"] as const;
  const given = record("model", value, names);
  return {
    backbone: check.backbone("backbone", given.backbone),
    layout: check.layout("layout", given.layout),
    layers: check.layers("layers", given.layers),
    combine: check.combine("combine", given.combine),
    sigma: check.sigma("sigma", given.sigma),
    imageSize: check.imageSize("imageSize", given.imageSize),
    normalisation: check.normalisation("normalisation", given.normalisation),
  };
}

function readTraining(value: unknown): TrainingDescription | null {
  if (value === null) return null;
  const names = ["images", "epochs", "batchSize", "learningRate", "loss", "seed", "teacherWeights"] as const;
  const given = record("training", value, names);
  const { teacherWeights } = given;
  if (teacherWeights !== null && typeof teacherWeights !== "string") {
    throw new ReverseDistillationError("INVALID_ARGUMENT", "teacherWeights must be a name or null.");
  }
  const count = (name: (typeof names)[number], min: number) =>
    integer(name, given[name], min, Number.MAX_SAFE_INTEGER);
  return {
    images: count("images", 1),
    epochs: count("epochs", 1),
    batchSize: count("batchSize", 1),
    learningRate: positive("learningRate", given.learningRate, Infinity),
    loss: check.loss("loss", given.loss),
    seed: count("seed", 0),
    teacherWeights,
  };
}

async function readWeights(file: SafetensorsFile, target: NativeModel): Promise<void> {
  const difference = describeDifference(compareTensors(allTensors(target), file.tensors));
  if (difference !== undefined) {
    const { backbone, layout } = target.config;
    throw invalidFile(
      file.path,
      `does not hold a ${backbone} detector of the layout "${layout}": it ${difference}.`,
    );
  }
  for (const part of parts) {
    const prefix = `${part}.`;
    const tensors: NamedTensor[] = [];
    for (const [name, entry] of file.tensors) {
      if (!name.startsWith(prefix)) continue;
      tensors.push({ ...(await file.read(entry)), name: name.slice(prefix.length) });
    }
    await target.load(part, tensors);
  }
}

/** The tensors of all parts, under the names that they have in a file. */
function allTensors(model: NativeModel): NamedTensor[] {
  return parts.flatMap((part) =>
    model.tensors(part).map((tensor) => ({ ...tensor, name: `${part}.${tensor.name}` })),
  );
}
