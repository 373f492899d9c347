import { ReverseDistillationError } from "reverse-distillation";
import type { JobKind, JobResult } from "../jobs/job.js";
import { checkpointName, resultName } from "../queue/names.js";
import type { Store } from "../store/store.js";
import { runCalibrate } from "./kinds/calibrate.js";
import { runExport } from "./kinds/export.js";
import { runScore } from "./kinds/score.js";
import { runTrain } from "./kinds/train.js";
import type { Outcome, Work } from "./work.js";

const kinds: { [Kind in JobKind]: (work: Work) => Promise<Outcome<Kind>> } = {
  train: runTrain,
  calibrate: runCalibrate,
  score: runScore,
  export: runExport,
};

/**
 * Runs a job and writes its result. Its files are in the store before the result names them, and the result is written
 * once: if two workers ran the job, one result counts for both.
 */
export async function runJob(work: Work): Promise<JobResult> {
  const { job, data, store } = work;
  if (!Object.hasOwn(kinds, data.kind))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `This worker knows no jobs of the kind ${JSON.stringify(data.kind)}. It may be older than the client; update it.`,
    );
  const outcome = await kinds[data.kind](work);
  await store.create(resultName(job), JSON.stringify({ job, kind: data.kind, ...outcome }));
  await store.remove(checkpointName(job));
  return (await readResult(store, job))!;
}

/** The result of a job, if there is one. */
export async function readResult(store: Store, job: string): Promise<JobResult | undefined> {
  const text = await store.read(resultName(job));
  return text === undefined ? undefined : (JSON.parse(text) as JobResult);
}
