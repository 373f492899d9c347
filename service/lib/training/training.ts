/** Where a training stands. */
export const trainingStates = ["queued", "running", "landing", "done", "failed", "cancelled"] as const;

/** Where a training stands. */
export type TrainingState = (typeof trainingStates)[number];

/** Where the weights of a new version begin. */
export const starts = ["imagenet", "version"] as const;

/** What somebody asked for. */
export interface TrainingRequest {
  model: string;
  /** The name of a folder that the operator allowed. */
  source: string;
  /** "imagenet": from scratch, with a teacher of ImageNet weights; "version": from the weights of the serving version. */
  start: (typeof starts)[number];
  epochs: number;
  /** The name of the token that asked for it. */
  by: string | null;
}

/** A training and how far it is. */
export interface Training extends TrainingRequest {
  id: string;
  state: TrainingState;
  /** When it was asked for, as ISO 8601. */
  created: string;
  /** The version whose settings it has. */
  from: number;
  /** What the training does now; null if it does not run. */
  phase: string | null;
  /** The mean loss of each epoch that has ended; null if the service ended before it was noted. */
  losses: (number | null)[];
  /** The number of the new version, as soon as it is known. */
  version: number | null;
  /** Why it failed. */
  error: { code: string; message: string } | null;
}

/** Whether nothing will happen to a training any more. */
export function isOver({ state }: Training): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}
