import { train, ReverseDistillationError, type TrainProgress } from "reverse-distillation";
import { checkpointName } from "../../queue/names.js";
import { GivenBack } from "../given-back.js";
import type { Outcome, Work } from "../work.js";

/**
 * Trains, from where a worker that died or was told to end had come. Checkpoints go to the store while the training goes
 * on.
 *
 * @throws GivenBack if the worker drains: another one goes on from the checkpoint.
 */
export async function runTrain(work: Work): Promise<Outcome<"train">> {
  const { job, data, store, computing, stop } = work;
  const [checkpoint, earlier] = [work.path("checkpoint"), work.path("earlier")];
  const images = await work.images();
  const files = await work.optionFiles();
  const isResumed = await store.fetch(checkpointName(job), earlier);

  let storing = Promise.resolve();
  const onProgress = (progress: TrainProgress) => {
    report(work, progress);
    // The core waits for a checkpoint to be written before it begins the next one, and not for this copy.
    if (progress.phase === "checkpoint")
      storing = storing.then(() => store.put(checkpointName(job), { path: checkpoint }));
  };
  try {
    await using detector = await train(images, {
      ...data.options,
      ...files,
      ...work.place,
      checkpoint: { path: checkpoint, everySeconds: computing.checkpointSeconds },
      resume: isResumed ? earlier : false,
      stop,
      onProgress,
    });
    await storing;
    if (stop.aborted) throw new GivenBack();
    await detector.save(work.path("model.safetensors"), { signal: work.signal });
    const { images: count, epochs, run } = detector.training!;
    const loss = run?.losses.at(-1) ?? null;
    return { files: await work.keep("model.safetensors"), summary: { images: count, epochs, loss } };
  } catch (error) {
    await storing.catch(() => undefined);
    if (isResumed && refusesCheckpoint(error)) {
      await store.remove(checkpointName(job));
      throw new Error(`The checkpoint of an earlier run cannot be used; the training begins anew.`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Whether the checkpoint may be the reason: it is damaged, or was written by another version. */
function refusesCheckpoint(error: unknown): boolean {
  return (
    error instanceof ReverseDistillationError && ["INVALID_FILE", "INVALID_ARGUMENT"].includes(error.code)
  );
}

function report(work: Work, progress: TrainProgress): void {
  const { phase } = progress;
  if (phase === "training") {
    const { epoch, epochs, loss } = progress;
    work.report({ phase, done: epoch, total: epochs, loss });
  } else if (phase === "resumed") {
    const { epochs, batches } = progress;
    work.log.info({ epochs, batches }, "resumed");
  } else if (phase === "reading" || phase === "calibrating")
    work.report({ phase, done: progress.images, total: progress.total });
}
