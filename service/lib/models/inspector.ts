import type { Drift, ImageInput, Score } from "reverse-distillation";
import type { Metrics } from "../metrics/metrics.js";
import type { LoadedVersion } from "./loaded-version.js";
import type { ModelFolder } from "./model-folder.js";

/** What is to be inspected, and by what. */
export interface InspectionRequest {
  model: string;
  /** The version that is served, if none is named. */
  version: number | undefined;
  image: ImageInput;
  signal: AbortSignal;
  regions?: boolean;
}

/** The result of an inspection. */
export interface Inspected {
  by: LoadedVersion;
  score: Score;
  /** What has changed since the calibration. */
  drift: Drift | null;
  /** The time from the call to the result, waiting included. */
  scoreMs: number;
}

/** Scores images with the models of a folder, and tells the metrics. */
export class Inspector {
  readonly #models: ModelFolder;
  readonly #metrics: Metrics;
  readonly #maxPixels: number;

  constructor(models: ModelFolder, metrics: Metrics, maxPixels: number) {
    this.#models = models;
    this.#metrics = metrics;
    this.#maxPixels = maxPixels;
  }

  /** @throws ServiceError or ReverseDistillationError, as `ModelFolder.find` and `Detector.score` do. */
  async inspect({ model, version, image, signal, regions }: InspectionRequest): Promise<Inspected> {
    const start = performance.now();
    const by = this.#models.find(model, version);
    const score = await by.score(image, { signal, regions, maxPixels: this.#maxPixels });
    const scoreMs = performance.now() - start;
    const drift = by.watch?.add(score).drift ?? null;
    this.#metrics.stage("score", model, scoreMs);
    this.#metrics.inspected(by, score, drift);
    return { by, score, drift, scoreMs };
  }
}
