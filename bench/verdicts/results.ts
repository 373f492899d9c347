import type { Drift } from "../../lib/calibration/watch.js";
import type { Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";

/** How a run trains; all other options have the defaults of `train`. */
export interface VerdictSettings {
  /** Of the training and of the split. */
  seed: number;
  epochs: number;
  imageSize: number;
  /** Name of the weights file; null for a random teacher. */
  teacherWeights: string | null;
}

/** Of how many parts, how many were judged wrongly. */
export interface Share {
  count: number;
  of: number;
}

/** What a threshold does to parts that were neither trained on nor calibrated with. */
export interface Judged {
  falseAlarms: Share;
  escapes: Share;
}

export interface VerdictResult {
  /** Name of the data set's folder. */
  subject: string;
  settings: VerdictSettings;
  /** Numbers of good images. */
  split: { train: number; calibration: number; test: number };
  /** By the promised rate. */
  promised: (Judged & {
    rate: number;
    /**
     * The mean rate of false alarms over many other splits of the same good images into calibration and test: what the
     * promise is about.
     */
    meanFalseAlarmRate: number;
  })[];
  /** The same with the largest score of a training image as the threshold. */
  trainingMaximum: Judged;
  /** Image AUROC on the data set's own test images. */
  auroc: {
    /** Trained on all training images. */
    all: number;
    /** Trained with the default of `train`, which holds some of them out. */
    heldOut: number;
    /** The same, with more epochs, so that there are as many batches as with all images. */
    heldOutLonger: number;
  };
  /** What `Watch` says when images become 10 % brighter after good parts without a change. */
  drift: {
    /** Number of good parts before the change. */
    before: number;
    /** Number of brighter parts until it is found, and what is named; null if it is not found. */
    found: (Drift & { parts: number }) | null;
    /** The standard deviation of the good parts' brightness, as a share of its mean. */
    spread: number;
  };
  environment: Environment;
}

export function keyOf({ subject, settings }: Pick<VerdictResult, "subject" | "settings">): string {
  const { seed, epochs, imageSize, teacherWeights } = settings;
  return [subject, imageSize, epochs, teacherWeights, seed].join(" ");
}

export const results = new ResultsFile<VerdictResult>("verdicts.json", keyOf);
