/**
 * Lets OpenMP's threads sleep while they wait: where programs run side by side, a thread that computes on while it waits
 * for another one keeps that from getting a core.
 */
export const waitingThreads = { OMP_WAIT_POLICY: "PASSIVE" };
