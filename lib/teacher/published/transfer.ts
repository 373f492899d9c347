import type { PartialFile } from "./partial-file.js";
import { Watchdog } from "./watchdog.js";

/** How long to wait, in milliseconds. */
export interface Timeouts {
  /** For the response to begin. */
  answer: number;
  /** For the next chunk. */
  stall: number;
}

/** Receives the bytes downloaded so far and the size of the file, which is undefined if the server does not state it. */
export type ByteProgress = (bytes: number, total: number | undefined) => void;

export interface TransferOptions {
  url: URL;
  /** The transfer fails if the server sends more bytes than this. */
  maxBytes: number;
  timeouts: Timeouts;
  signal: AbortSignal | undefined;
  /** What it rejects with ends the transfer. */
  onProgress: (...progress: Parameters<ByteProgress>) => Promise<void>;
}

/** Says why a transfer failed and whether a retry may succeed. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.retryable = retryable;
  }
}

/**
 * Downloads the rest of a file by HTTP, starting where the partial file ends, or the whole file if the server does not
 * support that. Received bytes stay in the partial file even if the transfer fails.
 *
 * @throws TransferError, the reason of the caller's signal, or an error of the file system.
 */
export async function transfer(part: PartialFile, options: TransferOptions): Promise<void> {
  const { url, maxBytes, timeouts, signal, onProgress } = options;
  const watchdog = new Watchdog(signal);
  try {
    watchdog.expect("the server did not answer", timeouts.answer);
    const response = await request(url, part.length, watchdog);
    const total = await agree(response, part);
    if (total === part.length) return;
    if (total !== undefined && total > maxBytes) throw tooLong(maxBytes);
    await onProgress(part.length, total);
    for await (const chunk of body(response, watchdog, timeouts.stall)) {
      if (part.length + chunk.byteLength > (total ?? maxBytes)) throw tooLong(total ?? maxBytes);
      await part.append(chunk);
      await onProgress(part.length, total);
    }
    if (total !== undefined && part.length < total) {
      throw new TransferError(`the connection was closed after ${part.length} of ${total} bytes`, true);
    }
  } finally {
    watchdog.stop();
  }
}

async function request(url: URL, from: number, { signal }: Watchdog): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (from > 0) headers.range = `bytes=${from}-`;
  try {
    return await fetch(url, { headers, signal });
  } catch (error) {
    // No response means no network or no such server. Retrying immediately would only take time.
    throw failure(error, signal, false);
  }
}

/**
 * Checks that the response continues the partial file, or clears the file if the response starts from the beginning.
 *
 * @returns the number of bytes of the whole file; undefined if the server does not state it.
 */
async function agree(response: Response, part: PartialFile): Promise<number | undefined> {
  const { status, headers } = response;
  if (status === 200) {
    await part.clear();
    const length = headers.get("content-length");
    return length === null ? undefined : Number(length);
  }
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const total = range?.[2] === undefined || range[2] === "*" ? undefined : Number(range[2]);
  if (status === 206 && Number(range?.[1]) === part.length) return total;
  // The partial file is already the whole file, so there is nothing after its end.
  if (status === 416 && part.length > 0 && total === part.length) return total;
  if (status === 206 || status === 416) {
    await part.clear();
    throw new TransferError(`the server answered ${status} with a different range than requested`, true);
  }
  const retryable = status >= 500 || status === 429;
  throw new TransferError(`the server answered ${status} ${response.statusText}`.trimEnd(), retryable);
}

async function* body(response: Response, watchdog: Watchdog, stall: number): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    watchdog.expect("no more data arrived", stall);
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw failure(error, watchdog.signal, true);
    });
    if (done) return;
    yield value;
  }
}

function tooLong(bytes: number): TransferError {
  return new TransferError(
    `the server sent more than ${bytes} bytes, which is too much for this file`,
    false,
  );
}

function failure(error: unknown, signal: AbortSignal, retryable: boolean): TransferError {
  const reason: unknown = signal.aborted ? signal.reason : error;
  return new TransferError(describe(reason), retryable, reason);
}

/** `fetch` hides the actual problem in the error's cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  if (!(cause instanceof Error)) return error.message;
  const code = (cause as NodeJS.ErrnoException).code;
  // The message is empty if several addresses were tried.
  return cause.message || code || error.message;
}
