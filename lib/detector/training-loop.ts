import { abortedError, throwIfAborted } from "../errors/abort.js";
import type { Callback } from "../errors/callback.js";
import type { TrainingCheckpoint } from "../model-file/training-checkpoint.js";
import type {
  Addon,
  NativeCancelToken,
  NativeImageSet,
  NativeModel,
  TrainingConfig,
  TrainingPosition,
} from "../native/addon.js";
import { cancellable } from "../native/cancellable.js";
import type { TrainProgress } from "../options/progress.js";
import type { ResolvedTrainOptions } from "../options/train.js";
import type { CheckpointWriter } from "./checkpoint-writer.js";

/** What a training runs with. */
export interface Training {
  addon: Addon;
  native: NativeModel;
  set: NativeImageSet;
  config: TrainingConfig;
  options: Pick<ResolvedTrainOptions, "epochs" | "threads" | "checkpoint" | "signal" | "stop">;
  resumed: TrainingCheckpoint | undefined;
  writer: CheckpointWriter | undefined;
  progress: Callback<[TrainProgress]>;
  /** Seconds since the training began, including those before it was resumed. */
  seconds: () => number;
}

/**
 * Trains to the end, or until the signal `stop` is aborted, and writes checkpoints on the way.
 *
 * @returns the mean loss of every epoch, including one that was stopped within.
 * @throws ReverseDistillationError `ABORTED`, also if the training was stopped before its first batch; what the addon
 * throws.
 */
export async function runTraining(training: Training): Promise<number[]> {
  const { addon, native, set, config, options, resumed, writer, progress } = training;
  const { signal, stop } = options;
  const losses = [...(resumed?.losses ?? [])];
  return cancellable(addon, signal, async (cancel) => {
    progress.onFailure = () => cancel.cancel();
    try {
      await native.beginTraining(set, config, resumed?.state);
      // It is as large as the weights and Adam's moments.
      resumed?.state.splice(0);
      let checkpointed: Position = resumed?.progress ?? { epochs: 0, batches: 0, finished: false };
      // A finished training may be resumed with more epochs.
      let at: Position = { ...checkpointed, finished: false };
      let loss = 0;
      while (!at.finished && !stop?.aborted) {
        const position = await runToPause(training, cancel, at.epochs, losses);
        [at, loss] = [position, position.loss];
        if (at.finished || stop?.aborted || isSame(at, checkpointed)) continue;
        await writeCheckpoint(training, at);
        checkpointed = at;
      }
      throwIfAborted(signal);
      if (at.epochs === 0 && at.batches === 0) throw abortedError(stop!);
      if (!isSame(at, checkpointed)) await writeCheckpoint(training, at);
      if (at.batches > 0) losses.push(loss);
      return losses;
    } finally {
      await writer?.idle();
      await native.endTraining();
    }
  }).finally(() => progress.throwIfFailed());
}

type Position = Pick<TrainingPosition, "epochs" | "batches" | "finished">;

function isSame(a: Position, b: Position): boolean {
  return a.epochs === b.epochs && a.batches === b.batches && a.finished === b.finished;
}

/** Trains until a checkpoint is due, the training is stopped or it is finished. Adds the losses of ended epochs. */
async function runToPause(
  { addon, native, options, progress }: Training,
  cancel: NativeCancelToken,
  ended: number,
  losses: number[],
): Promise<TrainingPosition> {
  const { threads, stop, checkpoint } = options;
  const { everyEpochs, everySeconds } = checkpoint ?? {};
  const until =
    everyEpochs === undefined ? Number.MAX_SAFE_INTEGER : (Math.floor(ended / everyEpochs) + 1) * everyEpochs;
  const pause = new addon.CancelToken();
  const pauseNow = () => pause.cancel();
  const timer = everySeconds === undefined ? undefined : setTimeout(pauseNow, everySeconds * 1000);
  stop?.addEventListener("abort", pauseNow, { once: true });
  try {
    return await native.continueTraining(until, threads, cancel, pause, (report) => {
      losses.push(report.loss);
      progress.call({ phase: "training", ...report });
    });
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", pauseNow);
  }
}

async function writeCheckpoint({ native, options, writer, seconds }: Training, at: Position): Promise<void> {
  if (writer === undefined) return;
  await writer.idle();
  const { epochs, batches, finished } = at;
  writer.begin(await native.trainingState(), {
    ...{ epochs, batches, finished },
    ...{ of: options.epochs, seconds: seconds() },
  });
}
