import { ReverseDistillationError } from "../errors/error.js";
import { integer, invalid, record } from "../errors/validate.js";
import { modelOptions, requireAgreement, type ModelDescription } from "../options/model.js";
import { readStored, storedNames, type StoredOptions } from "../options/option.js";
import { trainingOptions } from "../options/training.js";

/** How a detector was trained: the options that were used, and the result. */
export interface TrainingDescription extends StoredOptions<typeof trainingOptions> {
  /** Number of training images. */
  images: number;
  /** Name of the teacher's weights file; null if the teacher is random. */
  teacherWeights: string | null;
  /** The result of the training; null if the file has version 1 of the format, which does not record it. */
  run: TrainingRun | null;
}

/** The result of a training, except the weights. */
export interface TrainingRun {
  /** When the training ended (ISO 8601, UTC). */
  date: string;
  /** Time from reading the first image to the end of the last epoch, in seconds. */
  seconds: number;
  /** The mean loss of each epoch. */
  losses: number[];
  /**
   * SHA-256 of the images in order: for each, its width, height and channels, and the SHA-256 of its pixels before
   * resizing. docs/model-format.md specifies it byte by byte.
   */
  imagesSha256: string;
  /** "cpu" or "cuda:N". */
  device: string;
  /** Precision of the networks' arithmetic: "float32", "tf32" or "bfloat16". */
  precision: string;
  /** Version of this package. */
  package: string;
  /** Version of LibTorch. */
  libtorch: string;
}

/** Keys of a training that version 1 of the format lacks. */
const sinceVersion2 = ["run"];

/**
 * @param version Version of the format.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readModelDescription(value: unknown, version: number): ModelDescription {
  const model = readStored(modelOptions, record("model", value, storedNames(modelOptions, version)), version);
  requireAgreement(model);
  return model;
}

/**
 * @param version Version of the format.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readTrainingDescription(value: unknown, version: number): TrainingDescription | null {
  if (value === null) return null;
  const names = ["images", ...storedNames(trainingOptions, version), "teacherWeights"];
  const given = record("training", value, version === 1 ? names : [...names, ...sinceVersion2]);
  const { images, teacherWeights } = given;
  if (teacherWeights !== null && typeof teacherWeights !== "string") {
    throw new ReverseDistillationError("INVALID_ARGUMENT", "teacherWeights must be a file name or null.");
  }
  return {
    images: integer("images", images, 1, Number.MAX_SAFE_INTEGER),
    ...readStored(trainingOptions, given, version),
    teacherWeights,
    run: version === 1 ? null : readRun(given.run),
  };
}

function readRun(value: unknown): TrainingRun | null {
  if (value === null) return null;
  const names = [
    "date",
    "seconds",
    "losses",
    "imagesSha256",
    "device",
    "precision",
    "package",
    "libtorch",
  ] as const;
  const given = record("run", value, names);
  const text = (name: (typeof names)[number], pattern: RegExp, allowed: string) => {
    const found = given[name];
    if (typeof found === "string" && pattern.test(found)) return found;
    throw invalid(name, allowed, found);
  };
  const { seconds, losses } = given;
  if (typeof seconds !== "number" || !(seconds >= 0)) throw invalid("seconds", "a number from 0", seconds);
  // JSON cannot represent NaN or infinity; such a loss is stored as null.
  const isLoss = (loss: unknown) => loss === null || typeof loss === "number";
  if (!Array.isArray(losses) || !losses.every(isLoss)) throw invalid("losses", "a list of numbers", losses);
  return {
    date: text("date", /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/, "a date and time in UTC (ISO 8601)"),
    seconds,
    losses: losses.map((loss) => loss ?? NaN),
    imagesSha256: text("imagesSha256", /^[0-9a-f]{64}$/, "64 hexadecimal digits"),
    device: text("device", /./, "the name of a device"),
    precision: text("precision", /./, "the name of a type"),
    package: text("package", /./, "a version"),
    libtorch: text("libtorch", /./, "a version"),
  };
}
