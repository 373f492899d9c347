import type { Job } from "bullmq";
import type { JobData, JobProgress, JobResult } from "../jobs/job.js";

/** Sends a job's progress at most once in a while: an epoch of a small training takes milliseconds. */
export class ProgressSender {
  readonly #job: Job<JobData, JobResult>;
  readonly #milliseconds: number;
  readonly #failed: (error: Error) => void;
  #waiting: JobProgress | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param failed Called if one could not be sent. Progress is not worth ending a job for. */
  constructor(job: Job<JobData, JobResult>, milliseconds: number, failed: (error: Error) => void) {
    this.#job = job;
    this.#milliseconds = milliseconds;
    this.#failed = failed;
  }

  send(progress: JobProgress): void {
    if (this.#timer !== undefined) {
      this.#waiting = progress;
      return;
    }
    this.#job.updateProgress({ ...progress }).catch(this.#failed);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined) this.send(waiting);
    }, this.#milliseconds).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
  }
}
