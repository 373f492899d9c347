import type { QueueEvents } from "bullmq";

/** The events after which a job may be in another state or have another progress. */
const events = [
  "waiting",
  "active",
  "progress",
  "delayed",
  "stalled",
  "completed",
  "failed",
  "removed",
] as const;

/** Waits for news of one job. */
export interface Bell {
  /** Waits until there is news since the last call, or for so many milliseconds. Rejects with the signal's reason. */
  rung(milliseconds: number): Promise<void>;
  close(): void;
}

/** Tells those who wait for news of a job that there is some. */
export class Bells {
  readonly #ringers = new Map<string, Set<() => void>>();

  constructor(queueEvents: QueueEvents) {
    for (const event of events)
      queueEvents.on(event, ({ jobId }: { jobId: string }) => {
        for (const ring of this.#ringers.get(jobId) ?? []) ring();
      });
  }

  listen(job: string, signal?: AbortSignal): Bell {
    let isRung = false;
    let wake: (() => void) | undefined;
    const ring = () => {
      isRung = true;
      wake?.();
    };
    const ringers = this.#ringers.get(job) ?? new Set();
    this.#ringers.set(job, ringers.add(ring));
    signal?.addEventListener("abort", ring);
    return {
      async rung(milliseconds) {
        if (!isRung) {
          let timer: NodeJS.Timeout | undefined;
          await new Promise<void>((resolve) => {
            wake = resolve;
            timer = setTimeout(resolve, milliseconds);
          });
          clearTimeout(timer);
        }
        [isRung, wake] = [false, undefined];
        signal?.throwIfAborted();
      },
      close: () => {
        signal?.removeEventListener("abort", ring);
        ringers.delete(ring);
        if (ringers.size === 0) this.#ringers.delete(job);
      },
    };
  }
}
