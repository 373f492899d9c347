import { ReverseDistillationError } from "../errors/error.js";
import { integer, invalid, positive, record } from "../errors/validate.js";
import * as check from "../options/model.js";
import type { Loss, ModelDescription } from "../options/model.js";

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
  /** What came of it; null where a file of version 1 of the format does not tell. */
  run: TrainingRun | null;
}

/** What came of a training beside the weights. */
export interface TrainingRun {
  /** When it ended: ISO 8601, in UTC. */
  date: string;
  /** From the first image read to the end of the last epoch. */
  seconds: number;
  /** The mean loss of each epoch. */
  losses: number[];
  /**
   * SHA-256 over the images in their order: of each its "width x height x channels" and the SHA-256 of its pixels
   * before they were resized; docs/model-format.md has it byte by byte.
   */
  imagesSha256: string;
  /** "cpu" or "cuda:N". */
  device: string;
  /** Of the networks' arithmetic: "float32", "tf32" or "bfloat16". */
  precision: string;
  /** Version of this package. */
  package: string;
  /** Version of LibTorch. */
  libtorch: string;
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong. */
export function readModelDescription(value: unknown): ModelDescription {
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

/**
 * @param version Of the format: in the first, nothing is told of the run.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what is wrong.
 */
export function readTrainingDescription(value: unknown, version: number): TrainingDescription | null {
  if (value === null) return null;
  const names = ["images", "epochs", "batchSize", "learningRate", "loss", "seed", "teacherWeights"] as const;
  const given = record("training", value, version === 1 ? names : [...names, "run"]);
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
  // JSON has no NaN or infinity: a loss that was one is null.
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
