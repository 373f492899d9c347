import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { previousOf } from "../files/atomic-file.js";
import { printable, systemPath } from "../files/system-path.js";
import {
  checkpointedOptions,
  findTrainingCheckpoint,
  type TrainingCheckpoint,
  type TrainingIdentity,
  type TrainingMachine,
} from "../model-file/training-checkpoint.js";
import type { ResolvedCheckpointing } from "../options/checkpointing.js";
import { modelOptions } from "../options/model.js";
import { omitOptions, type Declarations } from "../options/option.js";
import type { Epochs } from "../options/training.js";

/**
 * Finds the checkpoint that the options ask to resume.
 *
 * @returns undefined if the training starts from the beginning.
 * @throws ReverseDistillationError `NOT_FOUND` if `resume` is the path of no checkpoint; `INVALID_ARGUMENT` if the training
 * would overwrite the checkpoint of an unfinished one; `INVALID_FILE`, `IO`, `ABORTED`
 */
export async function findResumed(
  resume: boolean | string,
  checkpoint: ResolvedCheckpointing | undefined,
  signal: AbortSignal | undefined,
): Promise<TrainingCheckpoint | undefined> {
  const path = resume === true ? checkpoint!.path : resume;
  if (checkpoint !== undefined && (path === false || resolve(path) !== resolve(checkpoint.path))) {
    await requireNoneUnfinished(checkpoint.path, signal);
  }
  if (path === false) return undefined;
  const found = await findTrainingCheckpoint(path, signal);
  if (found !== undefined || resume === true) return found;
  throw new ReverseDistillationError("NOT_FOUND", `There is no checkpoint ${printable(path)} to resume.`);
}

/** Checks that a training would not overwrite the checkpoint of another one that is unfinished. */
async function requireNoneUnfinished(path: string, signal: AbortSignal | undefined): Promise<void> {
  const found = await findTrainingCheckpoint(path, signal);
  if (found === undefined || found.progress.finished) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${printable(found.path)} is the checkpoint of a training that was interrupted after ` +
      `${describeProgress(found.progress)}, and would be overwritten. ` +
      "Set resume: true (--resume) to continue it, or delete it or choose another path to start a new training.",
  );
}

/** How far a training had come: "3 epochs and 1 batch". */
export function describeProgress({ epochs, batches }: { epochs: number; batches: number }): string {
  const ended = counted(epochs, "epoch");
  return batches === 0 ? ended : `${ended} and ${counted(batches, "batch", "batches")}`;
}

/**
 * Checks that a checkpoint belongs to a training with these options, and warns if it ran on something else. Levels are
 * compared with the images, from which they may be derived.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming what differs.
 */
export function requireSameOptions(
  checkpoint: TrainingCheckpoint,
  wanted: Pick<TrainingIdentity, "model" | "options" | "teacherSha256" | "teacherWeights">,
  machine: TrainingMachine,
  epochs: Epochs,
): void {
  const { identity, progress } = checkpoint;
  const differences = [
    ...optionDifferences(omitOptions(modelOptions, "levels"), identity.model, wanted.model),
    ...optionDifferences(checkpointedOptions, identity.options, wanted.options),
  ];
  if (identity.teacherSha256 !== wanted.teacherSha256) {
    const teacher = ({ teacherWeights, teacherSha256 }: typeof wanted) =>
      `${teacherWeights ?? "random"} (SHA-256 ${teacherSha256})`;
    differences.push(`the teacher's weights are ${teacher(identity)} there and ${teacher(wanted)} here`);
  }
  const begun = progress.epochs + (progress.batches > 0 ? 1 : 0);
  if (epochs !== "auto" && epochs < begun)
    differences.push(`${describeProgress(progress)} are done there, and epochs is ${epochs} here`);
  if (identity.options.learningRateSchedule !== "constant" && progress.of !== epochs)
    differences.push(
      `epochs is ${progress.of} there and ${epochs} here, and the learning rate depends on it`,
    );
  if (differences.length > 0) throw another(checkpoint, differences);
  warnOfMachine(checkpoint, machine);
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` if the checkpoint was trained on other images or levels. */
export function requireSameImages(
  checkpoint: TrainingCheckpoint,
  wanted: Pick<TrainingIdentity, "model" | "images" | "imagesSha256">,
): void {
  const { identity } = checkpoint;
  const differences = optionDifferences({ levels: modelOptions.levels }, identity.model, wanted.model);
  if (identity.images !== wanted.images || identity.imagesSha256 !== wanted.imagesSha256) {
    const described = ({ images, imagesSha256 }: typeof wanted) =>
      `${images} with the SHA-256 ${imagesSha256}`;
    differences.push(
      `the images are ${described(identity)} there and ${described(wanted)} here (their order counts)`,
    );
  }
  if (differences.length > 0) throw another(checkpoint, differences);
}

function another({ path }: TrainingCheckpoint, differences: readonly string[]): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The checkpoint ${printable(path)} belongs to another training: ${differences.join("; ")}. Resume with the same ` +
      "images and options, of which only epochs may be larger with a constant learning rate, or choose another path to start a new training.",
  );
}

/** The options that differ, each with both values. */
export function optionDifferences<D extends Declarations>(
  declarations: D,
  found: { readonly [Name in keyof D]?: unknown },
  wanted: { readonly [Name in keyof D]?: unknown },
): string[] {
  return Object.entries(declarations)
    .filter(([name]) => JSON.stringify(found[name]) !== JSON.stringify(wanted[name]))
    .map(
      ([name, { kind }]) =>
        `${name} is ${kind.format(found[name])} there and ${kind.format(wanted[name])} here`,
    );
}

function warnOfMachine({ path, machine: there }: TrainingCheckpoint, here: TrainingMachine): void {
  const names = Object.keys(here) as (keyof TrainingMachine)[];
  const differences = names
    .filter((name) => there[name] !== here[name])
    .map((name) => `${labels[name]} ${there[name]} there and ${here[name]} here`);
  if (differences.length === 0) return;
  process.emitWarning(
    `The result will differ by rounding from that of an uninterrupted training: for the checkpoint ${printable(path)}, ` +
      `${differences.join(", ")}.`,
    { type: "ReverseDistillationWarning", code: "OTHER_MACHINE" },
  );
}

const labels: Record<keyof TrainingMachine, string> = {
  device: "the device is",
  threads: "the number of threads is",
  package: "the version of this package is",
  libtorch: "the version of LibTorch is",
};

/** The room that checkpoints need, in bytes: for the current one, the previous one and the next one. */
export async function roomForCheckpoints(path: string, bytes: number): Promise<number> {
  const sizes = await Promise.all([path, await previousOf(path)].map(sizeOf));
  return Math.max(bytes, 3 * bytes - sizes[0]! - sizes[1]!);
}

async function sizeOf(path: string): Promise<number> {
  return stat(systemPath(path)).then(
    ({ size }) => size,
    () => 0,
  );
}
