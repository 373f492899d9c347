import type { Failure } from "../jobs/failure.js";
import type { JobKind, JobProgress, ResultOf } from "../jobs/job.js";

/** Where a job is. "delayed" jobs wait for another attempt, or for their product to have room. */
export type JobState = "waiting" | "delayed" | "active" | "completed" | "failed";

/** What is known of a job at a moment. */
export interface JobStatus {
  state: JobState;
  /** How far it is; null before it has begun. */
  progress: JobProgress | null;
  /** Why it failed, if it is in the dead letters, or why its last attempt did; null if none did. */
  failure: Failure | null;
}

/** A submitted job. */
export interface FleetJob<Kind extends JobKind = JobKind> {
  /** The digest of its images, options and model. */
  readonly id: string;
  /**
   * What is known of the job now.
   *
   * @throws ReverseDistillationError `NOT_FOUND` if there is no such job.
   */
  status(): Promise<JobStatus>;
  /**
   * What is known of the job, now and after each change, until it has ended. Changes in quick succession count as one.
   *
   * @param signal Ends the iteration with its reason.
   * @throws ReverseDistillationError `NOT_FOUND` if there is no such job, or if it was removed.
   */
  progress(signal?: AbortSignal): AsyncGenerator<JobStatus, void>;
  /**
   * Waits until the job has ended.
   *
   * @throws ReverseDistillationError with the code that the job failed with; `NOT_FOUND` if there is no such job, or if it
   * was removed; the signal's reason.
   */
  result(signal?: AbortSignal): Promise<ResultOf<Kind>>;
  /**
   * Cancels the job and removes it, with its checkpoint.
   *
   * @returns false if it was finished before.
   */
  cancel(): Promise<boolean>;
}
