import { invalid, path as checkPath } from "../errors/validate.js";
import { kind, path, positiveNumber, signal, wholeNumber, type Kind } from "./kind.js";
import {
  option,
  optional,
  required,
  resolveOptions,
  type GivenOptions,
  type ResolvedOptions,
} from "./option.js";

/** When and where a training writes checkpoints. */
export const checkpointingOptions = {
  /** The file to write. The checkpoint before it is kept as `<path>.previous`. */
  path: required(path, { help: "write checkpoints to this file, from which the training can be resumed" }),
  /**
   * Write a checkpoint at the end of every so many epochs.
   * @defaultValue 1, or none if `everySeconds` is given
   */
  everyEpochs: optional(wholeNumber(1, 1_000_000), {
    defaultText: "1, or none if `everySeconds` is given",
    help: "write a checkpoint at the end of every so many epochs",
  }),
  /**
   * Write a checkpoint whenever so many seconds have passed since the last one, after the batch in progress.
   * @defaultValue none
   */
  everySeconds: optional(positiveNumber(2_000_000), {
    defaultText: "none",
    help: "write a checkpoint whenever so many seconds have passed, after the batch in progress",
    placeholder: "<seconds>",
  }),
};

/** When and where a training writes checkpoints. */
export interface CheckpointingOptions extends GivenOptions<typeof checkpointingOptions> {}

/** The options of checkpoints, checked. */
export type ResolvedCheckpointing = ResolvedOptions<typeof checkpointingOptions>;

const checkpointing: Kind<ResolvedCheckpointing, CheckpointingOptions> = kind({
  check(name, value) {
    const given = resolveOptions(checkpointingOptions, value, name);
    return given.everySeconds === undefined ? { ...given, everyEpochs: given.everyEpochs ?? 1 } : given;
  },
  placeholder: "<object>",
});

const resume: Kind<boolean | string, boolean | string | URL> = kind({
  check(name, value) {
    if (typeof value === "boolean") return value;
    if (typeof value === "string" || value instanceof URL) return checkPath(name, value);
    throw invalid(name, "true, false, or the path of a checkpoint", value);
  },
  parse: (text) => text,
  placeholder: "[file]",
});

/** How a training can be interrupted without losing its work. */
export const interruptionOptions = {
  /**
   * Write checkpoints, from which an interrupted training can be resumed.
   * @defaultValue none
   */
  checkpoint: optional(checkpointing, { defaultText: "none" }),
  /**
   * Resume the training of a checkpoint: `true` for the one at `checkpoint.path`, or a path. With `true`, the training
   * starts from the beginning if there is no checkpoint yet. The images and options must be those of the checkpoint;
   * only `epochs` may be larger.
   * @defaultValue false
   */
  resume: option(resume, {
    default: false,
    help: "resume the training of this checkpoint, or of the one at --checkpoint if there is one",
  }),
  /**
   * Ends the training after the batch in progress: the promise resolves with the detector as it is. Before the first
   * batch, this is the same as aborting `signal`.
   */
  stop: optional(signal),
};
