import { constants, setPriority } from "node:os";
import { train, type TrainOptions } from "reverse-distillation";

/** What the process of a training is told. */
export interface Task {
  folder: string;
  options: TrainOptions;
  checkpoint: string;
  /** Where the model is written. */
  out: string;
}

/** What the process of a training says. */
export type Message =
  | { type: "phase"; phase: string }
  | { type: "epoch"; epoch: number; loss: number }
  | { type: "saved"; losses: readonly number[] }
  | { type: "failed"; code: string; message: string };

/** Seconds of work that are lost at most when the process is killed, if epochs are long. */
const checkpointSeconds = 60;

// Inspections come first.
setPriority(constants.priority.PRIORITY_LOW);
// A training without its service would write into a folder that is another one's by then.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", (task: Task) => {
  void run(task)
    .then(
      (losses) => say({ type: "saved", losses }),
      (error: unknown) => {
        const { code = "INTERNAL", message } = error as { code?: string; message: string };
        return say({ type: "failed", code, message });
      },
    )
    .finally(() => process.exit());
});

/** @returns the loss of each epoch, those before an interruption included. */
async function run({ folder, options, checkpoint, out }: Task): Promise<readonly number[]> {
  let phase = "";
  await using detector = await train(folder, {
    ...options,
    checkpoint: { path: checkpoint, everyEpochs: 1, everySeconds: checkpointSeconds },
    resume: true,
    onProgress(progress) {
      if (progress.phase === "training")
        void say({ type: "epoch", epoch: progress.epoch, loss: progress.loss });
      if (progress.phase === phase || progress.phase === "checkpoint") return;
      phase = progress.phase;
      void say({ type: "phase", phase });
    },
  });
  await detector.save(out);
  return detector.training!.run!.losses;
}

function say(message: Message): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}
