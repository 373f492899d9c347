import type { LoadOptions } from "reverse-distillation";
import type { CalibrateJobOptions } from "../../jobs/job.js";
import type { Outcome, Work } from "../work.js";

/** Calibrates the thresholds of a model on good parts. */
export async function runCalibrate(work: Work): Promise<Outcome<"calibrate">> {
  const { precision, ...options } = work.data.options as CalibrateJobOptions & Pick<LoadOptions, "precision">;
  const images = await work.images();
  await using detector = await work.detector({ precision });
  const { scores, reject, review } = await detector.calibrate(images, {
    ...options,
    signal: work.signal,
    onProgress: ({ images: done, total }) => work.report({ phase: "calibrating", done, total }),
  });
  await detector.save(work.path("model.safetensors"), { signal: work.signal });
  return {
    files: await work.keep("model.safetensors"),
    summary: { images: scores.length, reject: reject.value, review: review.value },
  };
}
