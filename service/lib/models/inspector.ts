import type { Drift, Score } from "reverse-distillation";
import type { Line } from "../line/line.js";
import type { Metrics } from "../metrics/metrics.js";
import { digestOf, type GivenImage } from "../store/image-file.js";
import type { JudgedFile } from "../store/judged-files.js";
import type { Store } from "../store/store.js";
import type { LoadedVersion } from "./loaded-version.js";
import type { ModelFolder } from "./model-folder.js";

/** What is to be inspected, and by what. */
export interface InspectionRequest {
  /** A UUID: the id of the part, if results are kept. */
  id: string;
  /** When the image had arrived. */
  time: Date;
  /** Where the part was inspected. */
  station: string | null;
  model: string;
  /** The version that is served, if none is named. */
  version: number | undefined;
  image: GivenImage;
  signal: AbortSignal;
  regions?: boolean;
  /** The file that the image came from, if it came from one. */
  file?: JudgedFile;
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

/** Scores images with the models of a folder, keeps the results, and tells the metrics. */
export class Inspector {
  readonly #models: ModelFolder;
  readonly #metrics: Metrics;
  readonly #line: Line;
  readonly #maxPixels: number;
  readonly #store: Store | undefined;

  /** @param store Where results are kept, if they are. */
  constructor(
    models: ModelFolder,
    metrics: Metrics,
    line: Line,
    maxPixels: number,
    store: Store | undefined,
  ) {
    this.#store = store;
    this.#models = models;
    this.#metrics = metrics;
    this.#line = line;
    this.#maxPixels = maxPixels;
  }

  /**
   * Inspects an image. Once the promise is fulfilled, the result is kept.
   *
   * @throws ServiceError or ReverseDistillationError, as `ModelFolder.find`, `Detector.score` and `Store.add` do.
   */
  async inspect(request: InspectionRequest): Promise<Inspected> {
    const { model, version, image, signal, regions = false } = request;
    const start = performance.now();
    const by = this.#models.find(model, version);
    this.#line.expect(by);
    const score = await by.score(image, {
      signal,
      regions: regions || this.#store !== undefined,
      maxPixels: this.#maxPixels,
    });
    const scoreMs = performance.now() - start;
    const drift = by.watch?.add(score).drift ?? null;
    this.#metrics.stage("score", model, scoreMs);
    this.#metrics.inspected(by, score, drift);
    await this.#keep(request, by, score);
    this.#line.add(by, request.time, score);
    return { by, score, drift, scoreMs };
  }

  async #keep({ id, time, station, image, file }: InspectionRequest, by: LoadedVersion, score: Score) {
    if (this.#store === undefined) return;
    const start = performance.now();
    await this.#store.add(
      {
        id,
        time,
        model: by.name,
        version: by.version,
        verdict: score.verdict,
        score: score.score,
        pValue: score.pValue,
        regions: score.regions ?? [],
        digest: file?.digest ?? digestOf(image),
        station,
        source: file?.path ?? null,
      },
      image,
      file,
    );
    this.#metrics.stage("store", by.name, performance.now() - start);
  }
}
