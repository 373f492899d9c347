import { tmpdir } from "node:os";
import { ReverseDistillationError } from "reverse-distillation";
import { defaultQueue } from "../queue/names.js";

/** A setting that is a number: its flag is the name with hyphens. */
interface NumberSetting {
  default: number;
  min: number;
  max: number;
  placeholder: string;
  help: string;
}

/** Every setting that is a number. Flags, checks and the table in the README derive from it. */
export const numberSettings = {
  jobs: { default: 1, min: 1, max: 64, placeholder: "<n>", help: "jobs that run at the same time" },
  threads: {
    default: 0,
    min: 0,
    max: 1024,
    placeholder: "<n>",
    help: "threads that a job computes on; 0 is one per core",
  },
  perProduct: {
    default: 0,
    min: 0,
    max: 1000,
    placeholder: "<n>",
    help: "jobs of a product that run at the same time in the whole fleet; 0 is any number",
  },
  checkpointSeconds: {
    default: 300,
    min: 1,
    max: 86_400,
    placeholder: "<s>",
    help: "how often a training writes a checkpoint to the store",
  },
  drainSeconds: {
    default: 60,
    min: 0,
    max: 86_400,
    placeholder: "<s>",
    help: "time that other jobs get to end when the worker is told to end; trainings stop after their batch",
  },
  lockSeconds: {
    default: 30,
    min: 1,
    max: 3600,
    placeholder: "<s>",
    help: "after this time without a sign of life, a worker's jobs are given to others",
  },
  deaths: {
    default: 5,
    min: 0,
    max: 1000,
    placeholder: "<n>",
    help: "how often a job is given to another worker because the one that ran it died",
  },
} as const satisfies Record<string, NumberSetting>;

type Numbers = { -readonly [Name in keyof typeof numberSettings]: number };

/** How a worker is run. */
export interface WorkerSettings extends Numbers {
  /** The address of Redis. */
  redis: string;
  /** A folder that all machines mount, or s3://bucket/prefix. */
  store: string;
  /** The URL of an S3 server that is not Amazon's. */
  s3Endpoint?: string | undefined;
  /** The name of the queue. */
  queue: string;
  /** Where models compute. */
  device: string;
  /** A folder on this machine for the files of running jobs. */
  scratch: string;
}

/** The settings that are left out. */
export const workerDefaults: Omit<WorkerSettings, "redis" | "store"> = {
  queue: defaultQueue,
  device: "auto",
  scratch: tmpdir(),
  ...(Object.fromEntries(
    Object.entries(numberSettings).map(([name, setting]) => [name, setting.default]),
  ) as unknown as Numbers),
};

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the setting, what is allowed and what was given. */
export function checkWorkerSettings(settings: WorkerSettings): WorkerSettings {
  for (const [name, { min, max }] of Object.entries(numberSettings)) {
    const value = settings[name as keyof Numbers];
    if (!Number.isInteger(value) || value < min || value > max)
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${name} must be a whole number from ${min} to ${max}; got ${value}.`,
      );
  }
  checkQueueName(settings.queue);
  return settings;
}

/** @throws ReverseDistillationError `INVALID_ARGUMENT` */
export function checkQueueName(name: string): void {
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `queue must have up to 64 letters, digits, dots, hyphens and underscores; got ${JSON.stringify(name)}.`,
    );
}
