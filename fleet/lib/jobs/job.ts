import type { CalibrateOptions, ExportOptions, TrainOptions } from "reverse-distillation";

/** A file in the store, known by its content. */
export interface StoredFile {
  /** The name that it was given, without folders. */
  name: string;
  /** SHA-256 of the content, in hexadecimal. */
  sha256: string;
  bytes: number;
}

/** What a job does. */
export const jobKinds = ["train", "calibrate", "score", "export"] as const;

/** What a job does. */
export type JobKind = (typeof jobKinds)[number];

/** Options that say where and how a process computes. They are settings of the worker, or make no sense in a job. */
export const workerOptions = [
  ...["device", "threads", "batching", "signal", "stop", "onProgress", "checkpoint", "resume"],
] as const;

type OfWorker =
  "device" | "threads" | "batching" | "signal" | "stop" | "onProgress" | "checkpoint" | "resume";

/** Options of `train` that may name files; the client puts these into the store. */
export const fileOptions = ["weights", "warmStart", "roi"] as const;

/** The options of a training: those of `train`, except what is the worker's. */
export type TrainJobOptions = Omit<TrainOptions, OfWorker>;

/** The options of a calibration: those of `Detector.calibrate`, except what is the worker's. */
export type CalibrateJobOptions = Omit<CalibrateOptions, OfWorker>;

/** How a set is scored. */
export interface ScoreJobOptions {
  /** Whether to find the regions of defects; it needs thresholds. Default false. */
  regions?: boolean;
  /** Largest number of pixels of an image. Default: that of `Detector.score`. */
  maxPixels?: number;
}

/** The options of an export: those of `Detector.export`, except what is the worker's. */
export type ExportJobOptions = Omit<ExportOptions, OfWorker>;

/** A file on this machine, or one that is in the store already, such as the model of an earlier job. */
export type GivenFile = string | StoredFile;

/** A folder of images on this machine, or a set that is in the store already. */
export type GivenImages = string | StoredFile;

/** What a client asks for. */
export type JobRequest =
  | { kind: "train"; images: GivenImages; options?: TrainJobOptions }
  | { kind: "calibrate"; model: GivenFile; images: GivenImages; options?: CalibrateJobOptions }
  | { kind: "score"; model: GivenFile; images: GivenImages; options?: ScoreJobOptions }
  | { kind: "export"; model: GivenFile; options: ExportJobOptions };

/** A request of one kind. */
export type RequestOf<Kind extends JobKind> = Extract<JobRequest, { kind: Kind }>;

/** What does not change a job's result. */
export interface Placement {
  /** The product that the job belongs to. A worker may limit how many jobs of a product run at a time. */
  product?: string;
  /** From 1, which goes first, to 1000. Default 100. */
  priority?: number;
}

/** What a job computes from: everything that decides on its result, and nothing else. */
export interface JobInput {
  kind: JobKind;
  /** SHA-256 of the list of images in the store. */
  images?: string;
  /** SHA-256 of the model file. */
  model?: string;
  /** Files that options name. */
  files: Partial<Record<(typeof fileOptions)[number], StoredFile>>;
  options: Record<string, unknown>;
}

/** A job as the queue holds it. */
export interface JobData extends JobInput {
  product?: string;
  /** Set once somebody asked to cancel it. */
  cancelled?: boolean;
}

/** How far a job is. */
export interface JobProgress {
  phase: "fetching" | "reading" | "training" | "calibrating" | "scoring" | "storing";
  /** Images, or epochs while training. */
  done: number;
  /** Undefined if it is not known. */
  total?: number;
  /** The mean loss of the last epoch, while training. */
  loss?: number;
}

/** What is said of a finished job, beside its files. */
export interface Summaries {
  train: { images: number; epochs: number; loss: number | null };
  calibrate: { images: number; reject: number; review: number };
  score: { images: number; unreadable: number; rejected: number | null };
  export: Record<string, never>;
}

/** The result of a job of one kind. It is written once, and never changes. */
export interface ResultOf<Kind extends JobKind> {
  /** The job's id. */
  job: string;
  kind: Kind;
  /** `train` and `calibrate`: the model. `score`: lines of JSON. `export`: the ONNX model, and its weights if apart. */
  files: StoredFile[];
  summary: Summaries[Kind];
}

/** The result of a job. */
export type JobResult = { [Kind in JobKind]: ResultOf<Kind> }[JobKind];
