import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "../../lib/atomic-file.js";
import type { Metric } from "../../lib/metrics/index.js";
import type { Backbone, Layout, Loss, Normalisation } from "../../lib/native/addon.js";
import type { Environment } from "./environment.js";

/** How a detector of the benchmark is made; what is not named here has the default of `train`. */
export interface Settings {
  backbone: Backbone;
  layout: Layout;
  loss: Loss;
  normalisation: Normalisation;
  imageSize: number;
  epochs: number;
  batchSize: number;
  seed: number;
  /** Name of the file, or null for a random teacher. */
  teacherWeights: string | null;
}

interface Run {
  settings: Settings;
  trainSeconds: number;
  scoreSeconds: number;
  environment: Environment;
}

/** A data set in MVTec AD's layout: normal parts to train on, normal and defective ones to test on. */
export interface DefectResult extends Run {
  protocol: "defects";
  /** Name of the data set's folder. */
  subject: string;
  images: { train: number; good: number; defective: number; withMask: number };
  imageAuroc: Metric;
  imageAveragePrecision: Metric;
  pixelAuroc: Metric;
  pixelAveragePrecision: Metric;
  /** Per-region overlap up to a false-positive rate of 0.3, over the whole test set, and as a mean of images. */
  proDataset: Metric;
  proImageMean: Metric;
}

/** One class of a classification data set taken as normal, all others as anomalous. */
export interface OneClassResult extends Run {
  protocol: "fashion-mnist";
  /** Name of the normal class. */
  subject: string;
  images: { train: number; normal: number; anomalous: number };
  /** By the image score, the maximum of the map. */
  imageAuroc: Metric;
  /** By the mean of the map, which the method does not use; for comparison. */
  imageAurocOfMeans: Metric;
}

export type Result = DefectResult | OneClassResult;

export const resultsPath = fileURLToPath(new URL("../results/accuracy.json", import.meta.url));

/** The results so far: a run that was interrupted goes on where it was, a repeated one replaces its result. */
export class Results {
  #all: Result[];

  private constructor(all: Result[]) {
    this.#all = all;
  }

  static async read(): Promise<Results> {
    try {
      return new Results((JSON.parse(await readFile(resultsPath, "utf8")) as { results: Result[] }).results);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Results([]);
      throw error;
    }
  }

  get all(): readonly Result[] {
    return this.#all;
  }

  has(protocol: Result["protocol"], subject: string, settings: Settings): boolean {
    const key = keyOf({ protocol, subject, settings });
    return this.#all.some((result) => keyOf(result) === key);
  }

  /** Puts a result in its place, and writes all to the file. */
  async add(result: Result): Promise<void> {
    const others = this.#all.filter((other) => keyOf(other) !== keyOf(result));
    this.#all = [...others, result].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    await mkdir(dirname(resultsPath), { recursive: true });
    const text = `${JSON.stringify({ results: this.#all }, null, 2)}\n`;
    await writeAtomically(resultsPath, (file) => writeFile(file, text));
  }
}

function keyOf({ protocol, subject, settings }: Pick<Result, "protocol" | "subject" | "settings">): string {
  const { backbone, layout, loss, normalisation, imageSize, epochs, batchSize, seed, teacherWeights } =
    settings;
  return JSON.stringify([
    ...[protocol, subject, backbone, teacherWeights, layout, loss],
    ...[normalisation, imageSize, epochs, batchSize, seed],
  ]);
}
