import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { Drift, Score } from "reverse-distillation";
import type { LoadedVersion } from "../models/loaded-version.js";
import { answeredCodes } from "../problems/problem.js";

/** Seconds: from a warm model of the smallest size to a request that waits for its deadline. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Values of maps are sums of cosine distances over the layers. */
const scores = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 6];
/** p-values of good parts are uniform, so the counts of these buckets are proportional to their widths. */
const pValues = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** A part of the time that a request takes. */
export type Stage = "receive" | "score" | "store" | "draw";

const ofVersion = ["model", "version"] as const;

/** What Prometheus reads. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests = this.#histogram("requests_seconds", "Requests by route and status", seconds, [
    "method",
    "route",
    "status",
  ]);
  readonly #stages = this.#histogram("stage_seconds", "Parts of the time of inspections", seconds, [
    "stage",
    "model",
  ]);
  readonly #scores = this.#histogram("score", "Scores of images", scores, ofVersion);
  readonly #pValues = this.#histogram("p_value", "p-values of images", pValues, ofVersion);
  readonly #verdicts = this.#counter("verdicts_total", "Verdicts on images", [...ofVersion, "verdict"]);
  readonly #problems = this.#counter("problems_total", "Errors that were answered, by code", ["code"]);
  readonly #deliveries = this.#counter(
    "deliveries_total",
    "Attempts to deliver events, by destination and outcome",
    ["destination", "outcome"],
  );
  readonly #drift = new Gauge({
    name: "inspection_drift",
    help: "1 if the images or scores have changed since the calibration, by what has changed",
    labelNames: [...ofVersion, "of"],
    registers: [this.registry],
  });

  /**
   * @param versions The versions in memory, with whether each serves.
   * @param outbox How many events wait for each destination, and how many it refused.
   * @param trainings How many trainings are not over, by state, if there can be any.
   */
  constructor(
    versions: () => Iterable<{ version: LoadedVersion; serves: boolean }>,
    outbox: () => Iterable<{ destination: string; waiting: number; refused: number }>,
    trainings: () => { queued: number; running: number } | undefined,
  ) {
    const { registry } = this;
    collectDefaultMetrics({ register: registry });
    // Prometheus sees a rate from the second value on, and the first error must not be missed.
    for (const code of answeredCodes) this.#problems.inc({ code }, 0);
    new Gauge({
      name: "inspection_unfinished_images",
      help: "Images that wait or are being computed",
      labelNames: ofVersion,
      registers: [registry],
      collect() {
        this.reset();
        for (const { version } of versions()) this.set(labelsOf(version), version.unfinished);
      },
    });
    new Gauge({
      name: "inspection_outbox_events",
      help: "Events that are not delivered yet, and those that were refused and are kept",
      labelNames: ["destination", "state"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { destination, waiting, refused } of outbox()) {
          this.set({ destination, state: "waiting" }, waiting);
          this.set({ destination, state: "refused" }, refused);
        }
      },
    });
    new Gauge({
      name: "inspection_trainings",
      help: "Trainings that wait or run",
      labelNames: ["state"],
      registers: [registry],
      collect() {
        for (const [state, count] of Object.entries(trainings() ?? {})) this.set({ state }, count);
      },
    });
    new Gauge({
      name: "inspection_model_serving",
      help: "1 for the version that answers requests for its model, 0 for others in memory",
      labelNames: ofVersion,
      registers: [registry],
      collect() {
        this.reset();
        for (const { version, serves } of versions()) this.set(labelsOf(version), serves ? 1 : 0);
      },
    });
  }

  delivery(destination: string, outcome: string): void {
    this.#deliveries.inc({ destination, outcome });
  }

  request(method: string, route: string, status: number, ms: number): void {
    this.#requests.observe({ method, route, status }, ms / 1000);
  }

  stage(stage: Stage, model: string, ms: number): void {
    this.#stages.observe({ stage, model }, ms / 1000);
  }

  problem(code: string): void {
    this.#problems.inc({ code });
  }

  inspected(version: LoadedVersion, { score, pValue, verdict }: Score, drift: Drift | null): void {
    const labels = labelsOf(version);
    this.#scores.observe(labels, score);
    if (pValue !== null) this.#pValues.observe(labels, pValue);
    if (verdict !== null) this.#verdicts.inc({ ...labels, verdict });
    if (drift !== null) this.#drift.set({ ...labels, of: drift.of }, 1);
  }

  #histogram<const T extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly T[],
  ): Histogram<T> {
    return new Histogram({
      name: `inspection_${name}`,
      help,
      buckets,
      labelNames,
      registers: [this.registry],
    });
  }

  #counter<const T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `inspection_${name}`, help, labelNames, registers: [this.registry] });
  }
}

function labelsOf({ name, version }: LoadedVersion): { model: string; version: string } {
  return { model: name, version: String(version) };
}
