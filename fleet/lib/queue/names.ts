/** The name of the queue unless another is given; two fleets can share a Redis under two names. */
export const defaultQueue = "reverse-distillation";

/** The queue on whose stream of events clients ask workers to cancel jobs. */
export function controlOf(queue: string): string {
  return `${queue}-control`;
}

/** The event by which a client asks. */
export const cancelEvent = "cancel";

/** The name of a result in the store. */
export function resultName(job: string): string {
  return `results/${job}.json`;
}

/** The name of a training's checkpoint in the store. */
export function checkpointName(job: string): string {
  return `checkpoints/${job}`;
}
