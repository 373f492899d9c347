/** Waits for work, but no longer than until the signal is aborted; what becomes of the work then is nobody's concern. */
export async function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  work.catch(() => undefined);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
