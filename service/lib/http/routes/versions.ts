import type { Detector } from "reverse-distillation";
import Type from "typebox";
import { Problem } from "../../problems/problem.js";
import { ServiceError } from "../../problems/service-error.js";
import type { RecentPart } from "../../store/part-rows.js";
import type { App, Parts } from "../app.js";
import { CardBody, ScoresBody, TrialBody } from "../bodies/version.js";

const tags = ["Models"];
const failure = { description: "An error.", content: { "application/problem+json": { schema: Problem } } };
const params = Type.Object({
  name: Type.String({ maxLength: 100 }),
  version: Type.Integer({ minimum: 1 }),
});
const GivenThresholds = Type.Object({
  reject: Type.Number({ description: "Parts at or above it are rejected." }),
  review: Type.Number({ description: "Parts at or above it, and below reject, are reviewed." }),
});

/** What is known of a version, and new versions with other thresholds. */
export async function versionRoutes(app: App, { models, line, store }: Parts): Promise<void> {
  app.get(
    "/models/:name/versions/:version",
    {
      schema: {
        tags,
        params,
        summary: "The card of a version",
        response: { 200: CardBody, default: failure },
      },
      config: { permission: "read" },
    },
    async ({ params: { name, version } }) => {
      const { detector, file } = models.find(name, version);
      const { calibration, thresholds, config, training } = detector;
      return {
        ...{ name, version, thresholds, file: { ...file } },
        config: { ...config },
        training: training && { ...training },
        calibration: calibration && {
          images: calibration.scores.length,
          reject: promised(calibration.reject),
          review: promised(calibration.review),
          outline: calibration.outline,
        },
        counts: store?.counts(name, version) ?? null,
      };
    },
  );

  app.get(
    "/models/:name/versions/:version/scores",
    {
      schema: {
        ...{ tags, params, summary: "The scores that thresholds are chosen by" },
        response: { 200: ScoresBody, default: failure },
      },
      config: { permission: "read" },
    },
    async ({ params: { name, version } }) => {
      const { thresholds, scores } = calibrated(name, version);
      return { good: [...scores], recent: line.recent(name, version).map(({ score }) => score), thresholds };
    },
  );

  app.get(
    "/models/:name/versions/:version/trial",
    {
      schema: {
        ...{ tags, params, summary: "What thresholds promise, and what they would have done" },
        querystring: GivenThresholds,
        response: { 200: TrialBody, default: failure },
      },
      config: { permission: "read" },
    },
    async ({ params: { name, version }, query: { reject, review } }) => {
      requireOrder(reject, review);
      const { detector } = calibrated(name, version);
      return {
        reject: promised(detector.rateAt(reject)),
        review: promised(detector.rateAt(review)),
        recent: compared(line.recent(name, version), (score) =>
          score >= reject ? "reject" : score >= review ? "review" : "accept",
        ),
      };
    },
  );

  app.post(
    "/models/:name/versions/:version/derive",
    {
      schema: {
        ...{ tags, params, summary: "Write a copy with other thresholds as a new version" },
        description: "The new version is served as soon as it is loaded, unless another version was chosen.",
        body: GivenThresholds,
        response: { 200: Type.Object({ version: Type.Integer() }), default: failure },
      },
      config: { permission: "admin" },
    },
    async ({ params: { name, version }, body: { reject, review }, caller, log }) => {
      requireOrder(reject, review);
      calibrated(name, version);
      const written = await models.derive(name, version, { reject, review });
      log.info({ model: name, from: version, version: written, by: caller?.name }, "thresholds were chosen");
      return { version: written };
    },
  );

  function calibrated(name: string, version: number) {
    const { detector } = models.find(name, version);
    const { calibration, thresholds } = detector;
    if (calibration === null || thresholds === null)
      throw new ServiceError(
        "NO_CALIBRATION",
        `Version ${version} of the model ${name} is not calibrated. Calibrate its file: reverse-distillation calibrate.`,
      );
    return { detector, thresholds, scores: calibration.scores };
  }
}

function requireOrder(reject: number, review: number): void {
  if (review > reject)
    throw new ServiceError("INVALID_REQUEST", `review must be at most reject (${reject}); got ${review}.`);
}

function promised({ interval, ...rest }: ReturnType<Detector["rateAt"]>) {
  return { ...rest, interval: interval && [...interval] };
}

type Judged = "accept" | "review" | "reject";

function compared(parts: readonly RecentPart[], judge: (score: number) => Judged) {
  const now = { accept: 0, review: 0, reject: 0 };
  const then = { accept: 0, review: 0, reject: 0 };
  let changed = 0;
  for (const { verdict, score } of parts) {
    const other = judge(score);
    if (verdict !== null) now[verdict]++;
    then[other]++;
    if (verdict !== other) changed++;
  }
  return { now, then, changed };
}
