import type { Callback } from "../errors/callback.js";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import {
  writeTrainingCheckpoint,
  type CheckpointDescription,
  type CheckpointedProgress,
} from "../model-file/training-checkpoint.js";
import type { TrainProgress } from "../options/progress.js";
import type { NamedTensor } from "../tensor/named-tensor.js";

/**
 * Writes the checkpoints of one training, one at a time, while the training continues. One that cannot be written does
 * not end the training: a process warning says why.
 */
export class CheckpointWriter {
  readonly #path: string;
  readonly #description: Omit<CheckpointDescription, "progress">;
  readonly #progress: Callback<[TrainProgress]>;
  readonly #signal: AbortSignal | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    path: string,
    description: Omit<CheckpointDescription, "progress">,
    progress: Callback<[TrainProgress]>,
    signal: AbortSignal | undefined,
  ) {
    this.#path = path;
    this.#description = description;
    this.#progress = progress;
    this.#signal = signal;
  }

  /** Waits until the last checkpoint is written. Never rejects. */
  idle(): Promise<void> {
    return this.#writing;
  }

  /** Begins to write a checkpoint. Call it when the writer is idle. */
  begin(state: readonly NamedTensor[], progress: CheckpointedProgress): void {
    this.#writing = this.#write(state, progress);
  }

  async #write(state: readonly NamedTensor[], progress: CheckpointedProgress): Promise<void> {
    const path = this.#path;
    try {
      await writeTrainingCheckpoint(path, { ...this.#description, progress }, state, this.#signal);
      const { epochs, batches } = progress;
      this.#progress.call({ phase: "checkpoint", path, epochs, batches });
    } catch (error) {
      if (error instanceof ReverseDistillationError && error.code === "ABORTED") return;
      process.emitWarning(
        `A checkpoint could not be written; the one before it stays, and the training continues. ${messageOf(error)}`,
        { type: "ReverseDistillationWarning", code: "CHECKPOINT_NOT_WRITTEN" },
      );
    }
  }
}
